// Package tsc measures the rate of this processor's time-stamp counter, which
// an emulated guest sees as its own.
package tsc

import (
	"math"
	"time"
)

// measure is how long the counter is watched; the clock's reading is good to
// under 100 ns, so this gives about five digits.
const measure = 20 * time.Millisecond

// KHz returns the counter's rate in kHz, or 0 where the processor has none that
// can be read.
func KHz() int {
	c0, t0 := sample()
	if c0 == 0 {
		return 0
	}
	time.Sleep(measure)
	c1, t1 := sample()
	if c1 <= c0 {
		return 0
	}
	return int(math.Round(float64(c1-c0) / t1.Sub(t0).Seconds() / 1000))
}

// sample reads counter and clock together: of several tries, the one that was
// least disturbed in between.
func sample() (count uint64, at time.Time) {
	best := time.Hour
	for range 8 {
		before := time.Now()
		c := read()
		if gap := time.Since(before); gap < best {
			best, count, at = gap, c, before.Add(gap/2)
		}
	}
	return count, at
}
