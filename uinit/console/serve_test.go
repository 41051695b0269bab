package console

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/imgbuild/imgbuild/internal/spec"
)

func TestRespawn(t *testing.T) {
	tests := map[string]struct {
		lives []time.Duration
		// starts are when each life begins.
		starts []time.Duration
	}{
		"dies at once, for ever": {make([]time.Duration, 8),
			[]time.Duration{0, 1, 3, 7, 15, 31, 61, 91}},
		"healthy ones start at once": {[]time.Duration{60, 60, 60}, []time.Duration{0, 60, 120}},
		"health is forgiving":        {[]time.Duration{0, 0, 0, 20, 0, 0}, []time.Duration{0, 1, 3, 7, 27, 28}},
	}
	for name, tt := range tests {
		synctest.Test(t, func(t *testing.T) {
			begin := time.Now()
			ctx, cancel := context.WithCancel(t.Context())
			var starts []time.Duration
			respawn(ctx, usualPace, func() {
				n := len(starts)
				starts = append(starts, time.Since(begin)/time.Second)
				if n == len(tt.lives)-1 {
					cancel()
					return
				}
				time.Sleep(tt.lives[n] * time.Second)
			})
			if !slices.Equal(starts, tt.starts) {
				t.Errorf("%s: started at %d s, want %d", name, starts, tt.starts)
			}
		})
	}
}

func TestServeNothing(t *testing.T) {
	var absent *AbsentError
	if err := Serve(t.Context(), "ttyNONE7", spec.Console{}, "", nil); !errors.As(err, &absent) || absent.Name != "ttyNONE7" {
		t.Errorf("a terminal that does not exist: %v, want an AbsentError", err)
	}
	if err := Serve(t.Context(), "ttyNONE7", spec.Console{Login: spec.LoginOff}, "", nil); err != nil {
		t.Errorf("a console without a login: %v, want nil", err)
	}
}

func TestPenalty(t *testing.T) {
	for n, want := range map[int]time.Duration{1: 2 * time.Second, 2: 4 * time.Second, 5: 10 * time.Second, 1000: 10 * time.Second} {
		if got := usualPatience.penalty(n); got != want {
			t.Errorf("failure %d costs %v, want %v", n, got, want)
		}
	}
}

// A session that has lasted exactly long enough is healthy.
func TestHealthyIsHealthy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin, starts := time.Now(), []time.Duration(nil)
		ctx, cancel := context.WithCancel(t.Context())
		respawn(ctx, usualPace, func() {
			if starts = append(starts, time.Since(begin)/time.Second); len(starts) == 3 {
				cancel()
			}
			time.Sleep(usualPace.healthy)
		})
		if want := []time.Duration{0, 10, 20}; !slices.Equal(starts, want) {
			t.Errorf("started at %d s, want %d", starts, want)
		}
	})
}
