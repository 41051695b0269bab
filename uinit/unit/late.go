package unit

import (
	"errors"
	"time"
)

const (
	// looks is how often a unit is asked what it waits for until it is late, at equal distances: what held it up may just be
	// gone by then, or not to be seen in that moment, and a person wants to know it all the same.
	looks = 4
	// lookAgain is when a late unit is asked again that did not say; the pause doubles, up to seldom.
	lookAgain, seldom = time.Second, time.Minute
)

// look asks a unit that is under way what it waits for, and returns what is news of that: that it is late and, where it could
// not say then what for, once that it can.
func (n *node) look() (news error) {
	if n.ended {
		return nil
	}
	n.looks, n.took = n.looks+1, time.Since(n.begun)
	what := ""
	if n.Waiting != nil {
		what = n.Waiting()
	}
	if n.looks < looks {
		if what != "" {
			n.waited = what
		}
		n.timer.Reset(time.Until(n.begun.Add(n.Timeout * time.Duration(n.looks+1) / looks)))
		return nil
	}
	n.state = Late
	if what != "" {
		return errors.New("waiting: " + what)
	}
	if n.Waiting != nil {
		n.pause = min(max(2*n.pause, lookAgain), seldom)
		n.timer.Reset(n.pause)
	}
	switch {
	case n.looks > looks:
		return nil
	case n.waited != "":
		return errors.New("still running, after waiting: " + n.waited)
	}
	return errors.New("still running")
}
