package unit

import (
	"errors"
	"time"
)

const (
	// looks is how often a unit is asked what it waits for until it is late, at equal distances: what held it up may just be
	// gone by then, or not to be seen in that moment, and a person wants to know it all the same.
	looks = 4
	// lookAgain is when a late unit is asked again; the pause doubles, up to seldom. Then only one that never said is asked any more:
	// what a program is seen to wait for may change all day.
	lookAgain, seldom = time.Second, time.Minute
)

// look asks a unit that is under way what it waits for, and returns what is news of that: that it is late and, whenever it is
// something else by then, what for.
func (n *node) look() (news error) {
	if n.ended {
		return nil
	}
	n.looks, n.took = n.looks+1, time.Since(n.begun)
	before, what := n.waited, ""
	if n.Waiting != nil {
		what = n.Waiting()
	}
	if what != "" {
		n.waited = what
	}
	if n.looks < looks {
		n.timer.Reset(time.Until(n.begun.Add(n.Timeout * time.Duration(n.looks+1) / looks)))
		return nil
	}
	first := n.state != Late
	n.state = Late
	if n.Waiting != nil && (n.waited == "" || n.pause < seldom) {
		n.pause = min(max(2*n.pause, lookAgain), seldom)
		n.timer.Reset(n.pause)
	}
	switch {
	case !first && (what == "" || what == before):
		return nil
	case what != "":
		return errors.New("waiting: " + what)
	case before != "":
		return errors.New("still running, after waiting: " + before)
	}
	return errors.New("still running")
}
