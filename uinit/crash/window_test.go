package crash

import (
	"testing"
	"time"
)

func TestWindow(t *testing.T) {
	for name, tt := range map[string]struct {
		at   []time.Duration // of crashes
		want int             // the first that is one too many, from 1; 0 for none
	}{
		"two":                         {[]time.Duration{time.Second, 2 * time.Second}, 0},
		"three at once":               {[]time.Duration{time.Second, time.Second, time.Second}, 3},
		"three just within":           {[]time.Duration{0, time.Minute, Span}, 3},
		"three just not":              {[]time.Duration{0, time.Minute, Span + 1}, 0},
		"old ones don't count":        {[]time.Duration{0, time.Minute, time.Hour, time.Hour + 1}, 0},
		"but those of late":           {[]time.Duration{0, time.Hour, time.Hour + 1, time.Hour + 2}, 4},
		"one a quarter of an hour":    {[]time.Duration{0, 15 * time.Minute, 30 * time.Minute, 45 * time.Minute}, 0},
		"two in ten minutes for ever": {[]time.Duration{0, 1, 11 * time.Minute, 12 * time.Minute, 22 * time.Minute, 23 * time.Minute}, 0},
	} {
		var w Window
		got := 0
		for i, at := range tt.at {
			if w.Add(at) && got == 0 {
				got = i + 1
			}
		}
		if got != tt.want {
			t.Errorf("%s: crash %d is too many, want %d", name, got, tt.want)
		}
	}
}

// However often a box reboots, it does so once a minute at most, and never less than four times an hour.
func TestRebootAt(t *testing.T) {
	for reboots, want := range map[int]time.Duration{
		-1: time.Minute, 0: time.Minute, 1: time.Minute, 2: 2 * time.Minute, 4: 8 * time.Minute, 5: 15 * time.Minute, 1000: 15 * time.Minute,
	} {
		if got := RebootAt(reboots); got != want {
			t.Errorf("%d reboots: %v, want %v", reboots, got, want)
		}
	}
}
