package clock

import "time"

// State is how the clock stands to the servers.
type State string

// States of the clock.
const (
	// Off: no servers are configured.
	Off State = "off"
	// Unset: the servers have not agreed yet; the clock shows what the machine started with.
	Unset State = "unset"
	// Synchronized: a majority agreed in the last round.
	Synchronized State = "synchronized"
	// Holdover: it was synchronized, and runs on by itself.
	Holdover State = "holdover"
	// Panicked: the servers agree on a time too far away to be believed.
	Panicked State = "panic"
	// Ended: the last report of a Syncer.
	Ended State = "ended"
)

// wanted is the number of servers of which one may be wrong.
const wanted = 3

// Status is what came of a round.
type Status struct {
	State State
	Decision
	// Acted is what was done with the clock; empty for nothing.
	Acted Action
	// Poll is the pause before the next round.
	Poll time.Duration
	// Warning is about the configuration.
	Warning string
	// Troubles are what went wrong on this machine: a clock that can't be set, say.
	Troubles []error
}

func (s *Syncer) state(acted Action, d Decision) State {
	switch {
	case acted != "":
		return Synchronized
	case d.Panicked:
		return Panicked
	case s.synced:
		return Holdover
	}
	return Unset
}
