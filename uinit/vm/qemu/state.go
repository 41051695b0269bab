package qemu

import (
	"context"
	"errors"
	"strings"
	"time"
)

// State is what QEMU has a guest in while it runs itself.
type State struct {
	// Run is QEMU's word (RunState in qapi/run-state.json of its source), such as running, io-error or suspended; "" before
	// it is known.
	Run string
	// Full are the disks that stopped the guest for want of space, Failed those that did so with another error.
	Full, Failed []string
}

// Running says whether the guest's processors run.
func (s State) Running() bool { return s.Run == "running" }

// Gone says that the guest never goes on as it is: QEMU wants it reset before that (runstate_needs_reset in softmmu/runstate.c),
// or its kernel has given up.
func (s State) Gone() bool {
	return s.Run == "internal-error" || s.Run == "shutdown" || s.Run == "guest-panicked"
}

// State is what was heard last.
func (g *Guest) State() State {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.state
}

// Follow tells of the guest's state, at first and each time it may be another, and says in sentences what befalls it, until
// QEMU has ended. What QEMU's events say may be lost or late, so they only wake: the state is always asked for.
func (g *Guest) Follow(state func(State), say func(sentence string)) {
	<-g.ready
	if g.monitor == nil {
		return
	}
	heard := tally{}
	for seen := 0; ; {
		ctx, cancel := context.WithTimeout(context.Background(), answerLimit)
		g.turn.Lock()
		err := g.look(ctx)
		g.turn.Unlock()
		cancel()
		switch {
		case err == nil:
			state(g.State())
		case errors.Is(err, context.DeadlineExceeded):
			continue // it is busy
		}
		events, now, err := g.monitor.After(context.Background(), seen)
		if err != nil {
			return
		}
		seen = now
		for _, e := range events {
			if sentence := sentenceOf(e); sentence != "" {
				heard.say(sentence, say)
			}
		}
	}
}

// look asks for the guest's state.
func (g *Guest) look(ctx context.Context) error {
	var status struct{ Status string }
	if err := g.ask(ctx, "query-status", &status); err != nil {
		return err
	}
	s := State{Run: status.Status}
	if s.Run == "io-error" {
		var disks []struct {
			Status   string `json:"io-status"`
			Inserted struct {
				Node string `json:"node-name"`
			}
		}
		if err := g.ask(ctx, "query-block", &disks); err != nil {
			return err
		}
		for _, d := range disks {
			switch name := diskOf(d.Inserted.Node); d.Status {
			case "nospace":
				s.Full = append(s.Full, name)
			case "failed":
				s.Failed = append(s.Failed, name)
			}
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.state = s; s.Running() && g.running == 0 {
		g.running = max(time.Since(g.started), 1) // 0 means not yet
	}
	return nil
}

// diskOf is the disk whose block node has that name (see Plan.disk); other nodes keep theirs.
func diskOf(node string) string { return strings.TrimPrefix(node, "disk-") }
