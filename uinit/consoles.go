package main

import (
	"errors"
	"fmt"
	"path"
	"time"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/console"
	"github.com/imgbuild/imgbuild/uinit/dev"
	"github.com/imgbuild/imgbuild/uinit/unit"
)

// consoles returns the rows that offer a login, patterns replaced by the ports they match.
func (w *worker) consoles(expand func(map[string]spec.Console) map[string]spec.Console) map[string]spec.Console {
	rows := map[string]spec.Console{}
	for name, row := range expand(w.Machine.Now().Console) {
		if row.Login != spec.LoginOff {
			rows[name] = row
		}
	}
	return rows
}

// consoleGrace is how long a terminal has to turn out absent. Whoever serves it says so at once.
const consoleGrace = 50 * time.Millisecond

// serveConsole offers a login on a terminal for as long as the machine runs. The unit is done when
// the terminal is there; one that is not is served when it comes up.
func (w *worker) serveConsole(name string) error {
	row := console.Expand(w.Machine.Now().Console)[name]
	first := make(chan error, 1)
	go func() {
		for pause := time.Second; w.Life.Err() == nil; pause = min(2*pause, time.Minute) {
			// Watched from before the look, so that a terminal can't come up unseen after it.
			events, stop := w.Events.Watch()
			err := w.serveOnce(name, row)
			select {
			case first <- err:
			default:
			}
			var absent *console.AbsentError
			switch {
			case w.Life.Err() != nil:
			case errors.As(err, &absent):
				w.awaitTerminal(name, events)
			default:
				w.Log.Error(fmt.Sprintf("console %s: %v; again in %v", name, err, pause))
				select {
				case <-time.After(pause):
				case <-w.Life.Done():
				}
			}
			stop()
		}
	}()
	select {
	case err := <-first:
		var absent *console.AbsentError
		if errors.As(err, &absent) {
			return fmt.Errorf("%w: %w", err, unit.ErrSkip)
		}
		return err
	case <-time.After(consoleGrace):
		w.Facts.Fact("console."+name, string(row.Login))
		return nil
	}
}

func (w *worker) serveOnce(name string, row spec.Console) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v", v)
		}
	}()
	leave, err := w.terminals.take(w.Life, name)
	if err != nil {
		return err
	}
	defer leave()
	return console.Serve(w.Life, name, row, w.Machine.Now(), w.Facts.Troubles)
}

// awaitTerminal returns when the kernel announces the terminal, a USB serial port or a hypervisor's
// console, or what may show a screen, or when the machine goes down.
func (w *worker) awaitTerminal(name string, events <-chan dev.Event) {
	for {
		select {
		case e := <-events:
			if e.Action == dev.Overflow || e.Action == "add" && console.Brings(name, e.Subsystem(), path.Base(e.Path)) {
				return
			}
		case <-w.Life.Done():
			return
		}
	}
}

// serveNewConsoles serves terminals that come up later and match a pattern of the profile: an adapter
// plugged into a box that has no serial port is its only way in. Served are those that have a unit.
func (w *worker) serveNewConsoles(served map[string]spec.Console, events <-chan dev.Event) {
	for {
		select {
		case e := <-events:
			if e.Action != dev.Overflow && (e.Action != "add" || e.Subsystem() != "tty") {
				continue
			}
		case <-w.Life.Done():
			return
		}
		for name, row := range w.consoles(console.Expand) {
			if _, known := served[name]; known {
				continue
			}
			served[name] = row
			w.Log.Info("console " + name + " came up")
			go func() { _ = w.serveConsole(name) }() // it logs what goes wrong
		}
	}
}
