package tsc

import (
	"math"
	"runtime"
	"testing"
)

// Two measurements agree, which a wrong one would not do by chance.
func TestKHzRepeats(t *testing.T) {
	a, b := KHz(), KHz()
	if runtime.GOARCH != "amd64" {
		if a != 0 || b != 0 {
			t.Fatalf("KHz() = %d, %d without a counter", a, b)
		}
		return
	}
	if a < 500_000 || a > 10_000_000 {
		t.Errorf("KHz() = %d, not the rate of any processor", a)
	}
	if d := math.Abs(float64(a-b)) / float64(a); d > 0.001 {
		t.Errorf("KHz() = %d, then %d", a, b)
	}
	t.Logf("%d kHz, %d kHz", a, b)
}
