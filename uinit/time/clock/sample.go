package clock

import "time"

// Sample is one answer of one server.
type Sample struct {
	// Server is the name it was configured by.
	Server string
	// Time is what the server's clock said.
	Time time.Time
	// Offset is what to add to our clock; Delay the time on the way, there and back.
	Offset, Delay time.Duration
	// RootDelay and RootDispersion are the server's own, back to its primary source.
	RootDelay, RootDispersion time.Duration
	// Stratum is the number of clocks down to a primary source, 1 to 15.
	Stratum int
	Leap    Leap
}

// minDistance is the least that a sample may be off (half of RFC 5905's MINDISP): the two
// ways of a packet are never quite equal.
const minDistance = 5 * time.Millisecond

// Distance is how far the server's time may be from the true one: half the way, and what
// the server may be off itself (RFC 5905, appendix A.5.5.2).
func (s Sample) Distance() time.Duration {
	return max(minDistance, (s.Delay+s.RootDelay)/2+s.RootDispersion)
}

// newSample computes offset and delay (RFC 5905, section 8). sent and came are of our clock.
func newSample(h header, sent, came, pivot time.Time) (Sample, error) {
	received, left := timeOf(h.receive, pivot), timeOf(h.transmit, pivot)
	held := left.Sub(received)
	if held < 0 || held > came.Sub(sent)+minDistance {
		return Sample{}, errImpossible
	}
	return Sample{
		Time: left,
		// Halved first: decades each way would overflow their sum.
		Offset:    received.Sub(sent)/2 + left.Sub(came)/2,
		Delay:     max(0, came.Sub(sent)-held),
		RootDelay: h.rootDelay, RootDispersion: h.rootDispersion,
		Stratum: int(h.stratum), Leap: h.leap,
	}, nil
}
