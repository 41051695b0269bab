package feature

import (
	"testing"
	"time"
)

func TestTook(t *testing.T) {
	for d, want := range map[time.Duration]string{
		123456 * time.Nanosecond: "123us", 1234567 * time.Nanosecond: "1ms", 1234 * time.Millisecond: "1.2s", 83456 * time.Millisecond: "1m23s", 0: "0s",
	} {
		if got := Took(d); got != want {
			t.Errorf("%d ns: %q, want %q", d, got, want)
		}
	}
}
