package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"reflect"
	"sync"
	"time"

	"github.com/imgbuild/imgbuild/internal/check"
	"github.com/imgbuild/imgbuild/internal/report"
)

// statusSocket is where uinit answers.
const statusSocket = "/run/uinit.sock"

const (
	// pace is how often uinit is asked.
	pace = 250 * time.Millisecond
	// patience is how long an answer may take.
	patience = 5 * time.Second
	// bootState is the fact that there is once the boot is over.
	bootState = "boot.state"
)

// box is this machine as checks see it.
type box struct {
	begin  time.Time
	socket string
	log    *report.Log
	runner *runner
	seen   map[key]report.Event

	mu  sync.Mutex
	err error // why uinit did not answer last
}

// key is what an event is about: a fact, or else a unit.
type key struct {
	fact bool
	name string
}

func newBox(begin time.Time, socket string) (*box, error) {
	r, err := newRunner()
	if err != nil {
		return nil, err
	}
	return &box{begin: begin, socket: socket, log: report.NewLog(), runner: r, seen: map[key]report.Event{}}, nil
}

// ask asks until ctx ends. What is as it was is no news: the log keeps all.
func (b *box) ask(ctx context.Context) {
	for ctx.Err() == nil {
		var err error
		for _, question := range []string{"status", "facts"} {
			err = errors.Join(err, b.question(ctx, question))
		}
		b.mu.Lock()
		b.err = err
		b.mu.Unlock()
		select {
		case <-ctx.Done():
		case <-time.After(pace):
		}
	}
}

// trouble is why uinit did not answer last; nil where it did.
func (b *box) trouble() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.err
}

// question puts one and takes the answer: events as JSON lines.
func (b *box) question(ctx context.Context, question string) error {
	c, err := (&net.Dialer{Timeout: patience}).DialContext(ctx, "unix", b.socket)
	if err != nil {
		return fmt.Errorf("asking uinit: %w", err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(patience))
	if _, err := fmt.Fprintln(c, question); err != nil {
		return fmt.Errorf("asking uinit: %w", err)
	}
	lines := bufio.NewScanner(c)
	lines.Buffer(nil, report.MaxLine)
	for lines.Scan() {
		e, err := report.ParseEvent(lines.Bytes())
		if err != nil {
			return fmt.Errorf("asking uinit: %w", err)
		}
		b.take(e)
	}
	return lines.Err()
}

// take adds what is news.
func (b *box) take(e report.Event) {
	about := key{e.Kind == report.KindFact, e.Name}
	old, known := b.seen[about]
	if known && reflect.DeepEqual(old, e) {
		return
	}
	b.seen[about] = e
	b.log.Add(e)
	if state, text := e.Value.(string); about.fact && e.Name == bootState && text {
		b.log.Add(report.Event{Kind: report.KindBoot, State: state})
	}
}

// leave leaves nothing behind that runs.
func (b *box) leave() { b.runner.leave() }

// Started is when the checks began: within counts from then.
func (b *box) Started() time.Time { return b.begin }

// Report is what uinit says.
func (b *box) Report() *report.Log { return b.log }

// Request runs a command.
func (b *box) Request(ctx context.Context, r report.Request) (report.Event, error) {
	return b.runner.run(ctx, r.Command)
}

// Console has no answer: nobody watches the consoles of a box.
func (b *box) Console(name string) (check.Console, error) {
	return nil, fmt.Errorf("%s is not watched on the box", name)
}

// Consoles are none.
func (b *box) Consoles() []check.Console { return nil }

// Kill, Exited and Ending are for a machine that is started for its checks: this one goes on.
func (b *box) Kill() {}

// Exited never is.
func (b *box) Exited() <-chan struct{} { return nil }

// Ending is none.
func (b *box) Ending() check.Ending { return check.Ending{} }
