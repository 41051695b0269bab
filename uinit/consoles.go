package main

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/console"
	"github.com/imgbuild/imgbuild/uinit/dev"
	"github.com/imgbuild/imgbuild/uinit/unit"
)

// consoles returns the rows that offer a login, patterns replaced by the ports they match.
func (w *worker) consoles(expand func(map[string]spec.Console) map[string]spec.Console) map[string]spec.Console {
	rows := map[string]spec.Console{}
	for name, row := range expand(w.machine.Console) {
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
	row := console.Expand(w.machine.Console)[name]
	first := make(chan error, 1)
	go func() {
		for pause := time.Second; ; pause = min(2*pause, time.Minute) {
			err := w.serveOnce(name, row)
			select {
			case first <- err:
			default:
			}
			var absent *console.AbsentError
			switch {
			case w.life.Err() != nil:
				return
			case errors.As(err, &absent):
				if w.awaitTerminal(name) != nil {
					return
				}
			default:
				w.log.Error(fmt.Sprintf("console %s: %v; again in %v", name, err, pause))
				select {
				case <-time.After(pause):
				case <-w.life.Done():
					return
				}
			}
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
		w.board.Fact("console."+name, string(row.Login))
		return nil
	}
}

func (w *worker) serveOnce(name string, row spec.Console) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v", v)
		}
	}()
	return console.Serve(w.life, name, row, w.machine, w.board.Troubles)
}

// awaitTerminal returns when the kernel announces the terminal: a USB serial port, a hypervisor's console.
func (w *worker) awaitTerminal(name string) error {
	events, stop := w.events.Watch()
	defer stop()
	for {
		select {
		case e := <-events:
			if e.Action == dev.Overflow || strings.HasPrefix(e.Action, "add") && e.Subsystem() == "tty" && path.Base(e.Path) == name {
				return nil
			}
		case <-w.life.Done():
			return context.Cause(w.life)
		}
	}
}
