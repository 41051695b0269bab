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
	timer   *time.Timer
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

// lateness is what a late unit waits for, as an error.
func (n *node) lateness() error {
	n.took = time.Since(n.begun)
	if n.Waiting != nil {
		if what := n.Waiting(); what != "" {
			return errors.New("waiting: " + what)
		}
	}
	return errors.New("still running")
}
