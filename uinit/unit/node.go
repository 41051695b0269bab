package unit

import (
	"errors"
	"time"
)

// node is a unit and where it stands.
type node struct {
	Unit
	state   State
	started bool
	ended   bool
	begun   time.Time
	took    time.Duration
	// timer asks what it waits for. It has done so so many times; waited is the last answer.
	timer  *time.Timer
	looks  int
	waited string
	pause  time.Duration
}

// final says that nothing more will come of this unit.
func (n *node) final() bool {
	return n.ended || !n.started && (n.state == Failed || n.state == Skipped)
}

func (n *node) end(err error, report func(Outcome)) {
	if n.timer != nil {
		n.timer.Stop()
	}
	n.ended, n.took = true, time.Since(n.begun)
	switch {
	case err == nil:
		n.state = OK
	case errors.Is(err, ErrSkip):
		n.state = Skipped
	default:
		n.state = Failed
	}
	report(n.outcome(err))
}

func (n *node) outcome(err error) Outcome {
	return Outcome{Name: n.Name, State: n.state, Err: err, Soft: n.Soft, Start: n.begun, Took: n.took}
}
