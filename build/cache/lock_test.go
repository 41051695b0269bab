package cache

import (
	"testing"
	"testing/synctest"
	"time"
)

// Who waits for a moment hears nothing of it, who waits for longer hears it once.
func TestWaitingIsToldWhereItLasts(t *testing.T) {
	c, err := OpenWith(t.TempDir(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	synctest.Test(t, func(t *testing.T) {
		held, err := c.Lock(t.Context(), "apt", nil)
		if err != nil {
			t.Fatal(err)
		}
		told := 0
		got := make(chan error, 1)
		go func() {
			f, err := c.Lock(t.Context(), "apt", func() { told++ })
			if err == nil {
				err = f.Close()
			}
			got <- err
		}()
		time.Sleep(worthTelling)
		synctest.Wait()
		if told != 0 {
			t.Error("it is told at once")
		}
		time.Sleep(2 * worthTelling)
		synctest.Wait()
		if told != 1 {
			t.Errorf("it is told %d times", told)
		}
		held.Close()
		if err := <-got; err != nil {
			t.Error(err)
		}
	})
}
