package unit

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"
)

// Options are what a graph runs with.
type Options struct {
	// DefaultTimeout is for units without one of their own; 0: none.
	DefaultTimeout time.Duration
	// Report, where given, hears every change of state, one call at a time, in order.
	Report func(Outcome)
	// Settled, where given, is called once, when every unit has an outcome. Late
	// units may still end after that, and are reported then.
	Settled func(degraded bool)
	// Hold, where given, tells which units must not start from now on; a nil function lets all start.
	// Units that run go on.
	Hold <-chan func(name string) bool
}

// PanicError is a panic in a unit.
type PanicError struct {
	Value any
	Stack []byte
}

func (p *PanicError) Error() string { return fmt.Sprintf("panic: %v", p.Value) }

// Run starts each unit as soon as what it needs is there and returns when all of
// them, the late ones included, have ended, or with the context's cause when that
// ends first. Units that Check finds fault with fail without being run; the others
// go on, for a boot is worth more than its configuration's consistency.
func Run(ctx context.Context, units []Unit, o Options) error {
	g := newGraph(units, o)
	settled := false
	for {
		g.advance(ctx)
		if !settled && g.all(func(n *node) bool { return n.state.Settled() }) {
			settled = true
			if o.Settled != nil {
				o.Settled(!g.all(func(n *node) bool { return !n.outcome(nil).Degrades() }))
			}
		}
		if g.all((*node).final) {
			return nil
		}
		select {
		case g.held = <-g.Hold:
		case e := <-g.ended:
			e.node.end(e.err, g.report)
		case n := <-g.due:
			if news := n.look(); news != nil {
				g.report(n.outcome(news))
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

type graph struct {
	Options
	nodes  []*node
	byName map[string]*node
	held   func(name string) bool
	// Both have room for every unit, so that none of them ever waits for the loop.
	ended chan ending
	due   chan *node
}

type ending struct {
	node *node
	err  error
}

func newGraph(units []Unit, o Options) *graph {
	g := &graph{Options: o, byName: map[string]*node{},
		ended: make(chan ending, len(units)), due: make(chan *node, len(units))}
	for _, u := range units {
		if g.byName[u.Name] != nil {
			continue // Check reports it
		}
		n := &node{Unit: u, state: Pending}
		g.nodes, g.byName[u.Name] = append(g.nodes, n), n
	}
	for _, p := range Check(units) {
		if n := g.byName[p.Unit]; n.state == Pending {
			n.state = Failed
			g.report(n.outcome(p.Err))
		}
	}
	return g
}

func (g *graph) report(o Outcome) {
	if g.Report != nil {
		g.Report(o)
	}
}

func (g *graph) all(is func(*node) bool) bool {
	for _, n := range g.nodes {
		if !is(n) {
			return false
		}
	}
	return true
}

// advance starts, skips or delays every unit whose needs allow it, until nothing changes.
func (g *graph) advance(ctx context.Context) {
	for changed := true; changed; {
		changed = false
		for _, n := range g.nodes {
			if n.started || n.state == Failed || n.state == Skipped {
				continue
			}
			next, why := g.judge(n)
			if next == n.state || next == Pending || next == Running && g.held != nil && g.held(n.Name) {
				continue
			}
			n.state, changed = next, true
			if next == Running {
				g.start(ctx, n)
			}
			g.report(n.outcome(why))
		}
	}
}

// judge says what becomes of a unit that has not started.
func (g *graph) judge(n *node) (State, error) {
	next, why := Running, error(nil)
	for _, name := range n.Needs {
		switch need := g.byName[name]; {
		case need.state == OK, need.Soft && need.state.Settled():
		case need.state == Failed, need.state == Skipped:
			return Skipped, fmt.Errorf("%s is %s", name, need.state)
		case need.state == Late:
			next, why = Late, fmt.Errorf("waiting for %s, which is late", name)
		case next != Late: // a late need is the better reason
			next = Pending
		}
	}
	for _, name := range n.After {
		if !g.byName[name].state.Settled() && next == Running {
			next = Pending
		}
	}
	return next, why
}

func (g *graph) start(ctx context.Context, n *node) {
	n.started, n.begun = true, time.Now()
	if n.Timeout == 0 {
		n.Timeout = g.DefaultTimeout
	}
	if n.Timeout > 0 {
		n.timer = time.AfterFunc(n.Timeout/looks, func() { g.due <- n })
	}
	go func() {
		// Deferred, so that even runtime.Goexit in a unit gives it an outcome.
		err := errors.New("ended without an outcome")
		defer func() {
			if v := recover(); v != nil {
				err = &PanicError{v, debug.Stack()}
			}
			g.ended <- ending{n, err}
		}()
		err = n.Run(ctx)
	}()
}
