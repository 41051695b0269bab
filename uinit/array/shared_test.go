package array

import (
	"errors"
	"sync"
	"testing"
	"testing/synctest"
)

// Who asks while others wait gets their answer; who asks while it is worked on gets the next one, which knows what has happened since.
func TestShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s shared[int]
		var all sync.WaitGroup
		works, go1 := 0, make(chan struct{})
		ask := func(want int, gate chan struct{}) {
			all.Go(func() {
				got, err := s.ask(func() (int, error) {
					if gate != nil {
						<-gate
					}
					works++
					return works, nil
				})
				if got != want || err != nil {
					t.Errorf("%d, %v; want %d", got, err, want)
				}
			})
			synctest.Wait()
		}
		ask(1, go1) // at work
		for range 5 {
			all.Go(func() {
				if got, err := s.ask(func() (int, error) { works++; return works, nil }); got != 2 || err != nil {
					t.Errorf("%d, %v; want 2", got, err)
				}
			})
		}
		synctest.Wait()
		close(go1)
		all.Wait()
		if works != 2 {
			t.Errorf("the work was done %d times for six", works)
		}
		ask(3, nil)
		all.Wait()
		if _, err := s.ask(func() (int, error) { return 0, errors.New("no") }); err == nil {
			t.Error("an error is no answer")
		}
	})
}
