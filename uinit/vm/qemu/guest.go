package qemu

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/imgbuild/imgbuild/internal/qmp"
)

const (
	// startLimit is how long QEMU may take until it can be spoken to; emulated itself, it needs ten seconds.
	startLimit = time.Minute
	// answerLimit is how long QEMU may take for an answer.
	answerLimit = 5 * time.Second
	// quitLimit is how long it may take to write what it still has and go.
	quitLimit = 3 * time.Second
	// pressEvery is how often a guest's power button is pressed until it is off: one that is still
	// starting hears nothing.
	pressEvery = 10 * time.Second
)

// Guest is a running QEMU, by its monitor.
type Guest struct {
	opened  *Opened
	started time.Time

	ready   chan struct{} // closed when the monitor answers, or never will
	monitor *qmp.Monitor  // nil where it did not

	turn sync.Mutex // held while the guest passes through states that nobody need hear of

	mu      sync.Mutex
	running time.Duration // from the start until the guest ran; 0 before
	state   State
	pressed bool
}

// Connect begins to speak with a QEMU that has just been started with what was opened.
func Connect(o *Opened) *Guest {
	g := &Guest{opened: o, started: time.Now(), ready: make(chan struct{})}
	go func() {
		defer close(g.ready)
		ctx, cancel := context.WithTimeout(context.Background(), startLimit)
		defer cancel()
		m, err := qmp.New(ctx, o.Monitor)
		if err != nil {
			return
		}
		g.monitor = m
		_ = g.look(ctx)
	}()
	return g
}

// Running is how long it took until the guest ran; 0 where it does not yet.
func (g *Guest) Running() time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.running
}

// Await returns what Running does once that is decided.
func (g *Guest) Await() time.Duration {
	<-g.ready
	return g.Running()
}

// ask runs a command of the monitor's; into may be nil.
func (g *Guest) ask(ctx context.Context, command string, into any) error {
	value, err := g.monitor.Execute(ctx, command, nil)
	if err != nil || into == nil {
		return err
	}
	if err := json.Unmarshal(value, into); err != nil {
		return fmt.Errorf("reading QEMU's answer to %s: %w", command, err)
	}
	return nil
}

// do runs a command once the monitor answers, within a limit.
func (g *Guest) do(limit time.Duration, command string, into any) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	if err := g.reach(ctx); err != nil {
		return fmt.Errorf("asking QEMU to %s: %w", command, err)
	}
	return g.ask(ctx, command, into)
}

// reach waits for a monitor that answers.
func (g *Guest) reach(ctx context.Context) error {
	select {
	case <-g.ready:
	case <-ctx.Done():
	}
	select {
	case <-g.ready:
		if g.monitor != nil {
			return nil
		}
	default:
	}
	return qmp.ErrGone
}

// PowerDown presses the guest's power button, and again while it stays on.
func (g *Guest) PowerDown() error {
	g.mu.Lock()
	again := g.pressed
	g.pressed = true
	g.mu.Unlock()
	err := g.do(answerLimit, "system_powerdown", nil)
	if err == nil && !again {
		go func() {
			for {
				select {
				case <-g.monitor.Done():
					return
				case <-time.After(pressEvery):
					_ = g.do(answerLimit, "system_powerdown", nil)
				}
			}
		}()
	}
	return err
}

// Pressed says whether the power button was.
func (g *Guest) Pressed() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.pressed
}

// Reset starts the guest anew, as its reset button does, and has it run if it did not: QEMU leaves a guest that was paused so.
func (g *Guest) Reset() error {
	g.turn.Lock()
	defer g.turn.Unlock()
	// What goes on before that would repeat the writes that the reset forgets.
	if err := g.change("system_reset", "RESET"); err != nil || g.State().Running() {
		return err
	}
	return g.change("cont", "RESUME")
}

// Continue has a guest that is paused go on.
func (g *Guest) Continue() error { return g.change("cont", "RESUME") }

// Wake ends a guest's sleep.
func (g *Guest) Wake() error { return g.change("system_wakeup", "WAKEUP") }

// change runs a command, and waits for the event by which QEMU says that it was done.
func (g *Guest) change(command, event string) error {
	ctx, cancel := context.WithTimeout(context.Background(), answerLimit)
	defer cancel()
	if err := g.reach(ctx); err != nil {
		return fmt.Errorf("asking QEMU to %s: %w", command, err)
	}
	seen := g.monitor.Seen()
	if err := g.ask(ctx, command, nil); err != nil {
		return err
	}
	if _, err := g.monitor.WaitNext(ctx, seen, event, nil); err != nil {
		return err
	}
	return g.look(ctx)
}

// Quit switches the guest off and returns when QEMU has written what it had, or takes too long.
func (g *Guest) Quit() {
	if g.do(quitLimit, "quit", nil) != nil {
		return
	}
	select {
	case <-g.monitor.Done():
	case <-time.After(quitLimit):
	}
}

// Exited ends the conversation with a QEMU that has ended.
func (g *Guest) Exited() { g.opened.Hangup() }

// Traffic is what went through a guest's disks, in bytes.
type Traffic struct{ Read, Written int64 }

// Disks asks for the traffic of a guest's disks together.
func (g *Guest) Disks() (t Traffic, err error) {
	var disks []struct {
		Qdev  string
		Stats struct {
			Read    int64 `json:"rd_bytes"`
			Written int64 `json:"wr_bytes"`
		}
	}
	if err := g.do(answerLimit, "query-blockstats", &disks); err != nil {
		return t, err
	}
	for _, d := range disks {
		if d.Qdev != "" { // a device of the guest's, not UEFI's flash
			t.Read, t.Written = t.Read+d.Stats.Read, t.Written+d.Stats.Written
		}
	}
	return t, nil
}
