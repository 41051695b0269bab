package service

import (
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
