package supervise

import (
	"slices"
	"time"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// healthy is how long a run must last for the next pause to be the shortest again.
const healthy = 10 * time.Second

// Backoff gives the pauses between starts: Min at first, twice the last one each time, at most
// Max; a run of 10 s or more begins anew.
type Backoff struct {
	Min, Max time.Duration
	last     time.Duration
}

// Next returns the pause after a run that lasted ran.
func (b *Backoff) Next(ran time.Duration) time.Duration {
	switch {
	case ran >= healthy || b.last == 0:
		b.last = b.Min
	default:
		b.last *= 2
	}
	b.last = max(min(b.last, b.Max), b.Min)
	return b.last
}

// restartLimit counts restarts within a time; most 0 is no limit.
type restartLimit struct {
	most   int
	window time.Duration
	times  []time.Time
}

// reached notes a restart that is wanted now and says whether it is one too many.
func (l *restartLimit) reached(now time.Time) bool {
	if l.most <= 0 {
		return false
	}
	l.times = slices.DeleteFunc(l.times, func(t time.Time) bool { return now.Sub(t) >= l.window })
	if len(l.times) >= l.most {
		return true
	}
	l.times = append(l.times, now)
	return false
}

// again says whether a policy starts a service again after it ended so.
func again(policy spec.Restart, e Exit) bool {
	switch policy {
	case spec.RestartAlways:
		return true
	case spec.RestartNever:
		return false
	}
	return !e.Success() // on-failure, and what the profile leaves out
}
