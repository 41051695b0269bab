package console

import (
	"errors"
	"fmt"
	"path"
	"time"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/console/plan"
	"github.com/imgbuild/imgbuild/uinit/dev"
	"github.com/imgbuild/imgbuild/uinit/unit"
)

// consoleGrace is how long a terminal has to turn out absent. Whoever serves it says so at once.
const consoleGrace = 50 * time.Millisecond

// serve offers a login on a terminal for as long as the machine runs. The unit is done when
// the terminal is there; one that is not is served when it comes up.
func (c *consoles) serve(name string) error {
	cfg := c.host.expand(c.Machine.Now().Console)[name]
	first := make(chan error, 1)
	go func() {
		for pause := time.Second; c.Life.Err() == nil; pause = min(2*pause, time.Minute) {
			// Watched from before the look, so that a terminal can't come up unseen after it.
			events, stop := c.Events.Watch(nil)
			err := c.serveOnce(name, cfg)
			select {
			case first <- err:
			default:
			}
			var absent *AbsentError
			switch {
			case c.Life.Err() != nil:
			case errors.As(err, &absent):
				c.awaitTerminal(name, events)
			default:
				c.Log.Error(fmt.Sprintf("console %s: %v; again in %v", name, err, pause))
				select {
				case <-time.After(pause):
				case <-c.Life.Done():
				}
			}
			stop()
		}
	}()
	select {
	case err := <-first:
		var absent *AbsentError
		if errors.As(err, &absent) {
			return fmt.Errorf("%w: %w", err, unit.ErrSkip)
		}
		return err
	case <-time.After(consoleGrace):
		c.Facts.Fact(plan.Login.Of(name).Is(string(cfg.Login)))
		return nil
	}
}

func (c *consoles) serveOnce(name string, cfg spec.Console) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v", v)
		}
	}()
	leave, err := c.terminals.take(c.Life, name)
	if err != nil {
		return err
	}
	defer leave()
	if cfg.Login != spec.LoginOff {
		c.quiet.Do(func() { c.loud = c.host.quiet(c.Machine.Line, c.Machine.Now().Console) })
	}
	return c.login(name, cfg)
}

// awaitTerminal returns when the kernel announces the terminal, a USB serial port or a hypervisor's
// console, or what may show a screen, or when the machine goes down.
func (c *consoles) awaitTerminal(name string, events <-chan dev.Event) {
	for {
		select {
		case e := <-events:
			if e.Action == dev.Overflow || e.Action == "add" && Brings(name, e.Subsystem(), path.Base(e.Path)) {
				return
			}
		case <-c.Life.Done():
			return
		}
	}
}

// serveNew serves terminals that come up later and match a pattern of the profile: an adapter
// plugged into a box that has no serial port is its only way in. Served are those that have a unit.
func (c *consoles) serveNew(events <-chan dev.Event) {
	for {
		// First without an event: one may have come up between the making of the units and the watching.
		for name := range plan.Served(c.host.expand(c.Machine.Now().Console)) {
			if c.served[name] {
				continue
			}
			c.served[name] = true
			c.Log.Info("console " + name + " came up")
			go func() { _ = c.serve(name) }() // it logs what goes wrong
		}
		for news := false; !news; {
			select {
			case e := <-events:
				news = e.Action == dev.Overflow || e.Action == "add" && e.Subsystem() == "tty"
			case <-c.Life.Done():
				return
			}
		}
	}
}
