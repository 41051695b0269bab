package plan

import (
	"testing"
	"time"
)

func TestWindow(t *testing.T) {
	for _, tt := range []struct {
		window, now string
		want        time.Duration
	}{
		{"02:00-04:30", "01:00", time.Hour},
		{"02:00-04:30", "02:00", 0},
		{"02:00-04:30", "04:29", 0},
		{"02:00-04:30", "04:30", 21*time.Hour + 30*time.Minute},
		{"23:00-01:00", "22:00", time.Hour},
		{"23:00-01:00", "23:30", 0},
		{"23:00-01:00", "00:59", 0},
		{"23:00-01:00", "01:00", 22 * time.Hour},
	} {
		w, ok := ParseWindow(tt.window)
		now, err := time.Parse("2006-01-02 15:04", "2026-11-29 "+tt.now)
		if got := w.Until(now); !ok || err != nil || got != tt.want {
			t.Errorf("%s at %s: %v, want %v", tt.window, tt.now, got, tt.want)
		}
	}
	for _, bad := range []string{"", "02:00", "2:00-4:00", "02:00-02:00", "24:00-01:00", "02:60-03:00", "02:00-03:00 ", "-1:00-03:00", "+2:00-03:00"} {
		if _, ok := ParseWindow(bad); ok {
			t.Errorf("%q is accepted", bad)
		}
	}
	if got := (Window{}).Until(time.Now()); got != 0 {
		t.Errorf("without one: %v", got)
	}
}
