// Package crash decides what follows when uinit's worker ends unasked, and leaves the next boot word of it.
package crash

import "time"

// A worker that crashes is started again, but not for ever: Limit crashes within Span end the run.
const (
	Limit = 3
	Span  = 10 * time.Minute
)

// Window holds the times of the last crashes. Its zero value is ready for use.
type Window struct{ times []time.Duration }

// Add notes a crash at a time since the kernel's start, and says whether there were too many of late.
func (w *Window) Add(at time.Duration) (tooMany bool) {
	w.times = append(w.times, at)
	if len(w.times) > Limit {
		w.times = w.times[1:]
	}
	return len(w.times) == Limit && at-w.times[0] <= Span
}

// RestartPause is how long a worker that crashed waits for its successor: long enough that a loop of crashes can't keep
// a processor busy, too short for a watchdog of a few seconds to mind.
const RestartPause = time.Second

// RebootAt is the time since the kernel's start before which a box that keeps crashing does not reboot: a minute, and
// twice that for each reboot that did not help, up to a quarter of an hour. reboots counts them, the coming one too.
func RebootAt(reboots int) time.Duration {
	const first, most = time.Minute, 15 * time.Minute
	return min(first<<min(max(reboots-1, 0), 8), most)
}
