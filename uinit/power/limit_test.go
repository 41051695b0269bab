package power

import (
	"testing"
	"testing/synctest"
	"time"
)

// The worker tells how long its stop may take only after it was asked to stop.
func TestAwaitTakesALaterLimit(t *testing.T) {
	for name, tt := range map[string]struct {
		goneAfter, want time.Duration
	}{
		"gone at once":         {0, 0},
		"gone within the new":  {90 * time.Second, 90 * time.Second},
		"never: the new limit": {time.Hour, 2 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begin := time.Now()
				Await(func() bool { return time.Since(begin) >= tt.goneAfter }, func() time.Duration {
					if time.Since(begin) < time.Second {
						return time.Minute // what is taken for it before the worker has said anything
					}
					return 2 * time.Minute
				})
				if took := time.Since(begin); took != tt.want {
					t.Errorf("it waited %v, want %v", took, tt.want)
				}
			})
		})
	}
}
