package clock

import "time"

// Pauses between rounds.
const (
	// retryFirst is the pause after the first round at boot that failed; the network may come any moment.
	retryFirst = 2 * time.Second
	// steady is the offset below which the clock runs well enough to be asked about less often.
	steady = 10 * time.Millisecond
)

// nextPoll is the pause after a round. A clock that is right is left alone for longer and
// longer; one that is off is looked after. A failed round is tried again after a pause that doubles.
func nextPoll(last time.Duration, d Decision, synchronized bool, shortest, longest time.Duration) time.Duration {
	switch {
	case d.Action == None && !synchronized:
		return min(max(2*last, retryFirst), longest)
	case d.Action == None:
		// Once set, the clock is good for hours; no need to hurry.
		return min(max(2*last, shortest), longest)
	case d.Action == Step || d.Offset.Abs() > stepAbove:
		return shortest
	case d.Offset.Abs() < steady:
		return min(max(2*last, shortest), longest)
	}
	return min(max(last, shortest), longest)
}
