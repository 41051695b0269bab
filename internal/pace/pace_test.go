package pace

import (
	"testing"
	"time"
)

func TestPass(t *testing.T) {
	start := time.Unix(0, 0)
	p := New(10, 5)
	passed := func(at time.Duration, n int) (ok int) {
		for range n {
			if p.Pass(start.Add(at)) {
				ok++
			}
		}
		return ok
	}
	for _, tc := range []struct {
		at         time.Duration
		sent, want int
		lost       uint64
	}{
		{0, 8, 5, 3},                              // a burst
		{100 * time.Millisecond, 3, 1, 2},         // a tenth of a second is worth one
		{10 * time.Second, 9, 5, 4},               // silence saves up no more than a burst
		{9 * time.Second, 1, 0, 1},                // a clock that goes back gives nothing
		{10*time.Second + time.Second/2, 5, 5, 0}, // at the rate all pass
	} {
		if got := passed(tc.at, tc.sent); got != tc.want {
			t.Errorf("after %v %d of %d pass, want %d", tc.at, got, tc.sent, tc.want)
		}
		if got := p.Lost(); got != tc.lost {
			t.Errorf("after %v %d are counted, want %d", tc.at, got, tc.lost)
		}
	}
}
