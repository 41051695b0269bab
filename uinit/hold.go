package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/console"
	"github.com/imgbuild/imgbuild/uinit/service"
	"github.com/imgbuild/imgbuild/uinit/unit"
)

// holdKey stops a boot for whoever presses it while units start.
const holdKey = 'r'

// unheld are the kinds of units that start even while a boot is held: what it takes to show a menu,
// to check a password, and to say what is the matter.
var unheld = []string{"mounts", "report", "hostname", "users", "modules", "coldplug", "site", "status", "watchdog", "console"}

func isHeld(name string) bool {
	kind, _, _ := strings.Cut(name, ":")
	return !slices.Contains(unheld, kind)
}

// offerHold listens for the key until the boot is over, and holds the boot for as long as the menu is
// open. Nobody waits for this.
func (w *worker) offerHold(starting context.Context, consoles map[string]spec.Console, units []unit.Unit, hold chan<- func(string) bool) {
	names := append(console.KernelConsoles(), slices.Collect(maps.Keys(consoles))...)
	slices.Sort(names)
	name := console.AwaitKey(starting, slices.Compact(names), holdKey)
	if name == "" {
		return
	}
	// Who has a login prompt already can do all this from a shell.
	leave, free := w.terminals.try(name)
	if !free {
		return
	}
	defer leave()
	set := func(held func(string) bool) {
		select {
		case hold <- held:
		case <-starting.Done():
		}
	}
	set(isHeld)
	w.Log.Warn("boot held by a key on " + name)
	choice := console.Menu(w.Life, name, consoles[name], func() []string { return w.waiting(units) })
	w.Programs.None.Store(choice == console.Bare)
	w.Log.Warn("boot goes on" + map[bool]string{true: " without services"}[w.Programs.None.Load()])
	set(nil)
}

// waiting lists the units that the boot still waits for, and what each waits for.
func (w *worker) waiting(units []unit.Unit) (lines []string) {
	what := map[string]func() string{}
	for _, u := range units {
		what[u.Name] = u.Waiting
	}
	for _, e := range w.Facts.Units() {
		if e.State != string(unit.Running) && e.State != string(unit.Late) {
			continue
		}
		line := e.Name + " " + e.State
		if waiting := what[e.Name]; waiting != nil {
			if text := waiting(); text != "" {
				line += ": " + text
			}
		}
		lines = append(lines, line)
	}
	if lines == nil {
		return []string{"nothing: all that was started is done"}
	}
	return lines
}

// startService starts a service, unless the person at the console wants none.
func (w *worker) startService(ctx context.Context, name string) error {
	if w.Programs.None.Load() {
		return fmt.Errorf("left out at the console: %w", unit.ErrSkip)
	}
	return unlessManaged(w.services[name].Run(ctx))
}

// unlessManaged leaves alone what somebody started or stopped by hand before its unit came to it.
func unlessManaged(err error) error {
	left := new(service.StateError)
	if !errors.As(err, &left) {
		return err
	}
	switch left.State {
	case service.Starting, service.Running, service.Pausing:
		return nil
	case service.Stopped:
		return fmt.Errorf("%w: %w", err, unit.ErrSkip)
	}
	return err
}

// serviceWaiting says what a service is blocked on. One that waits for the random pool may be seen
// running, for it is its own time that the kernel takes for chance.
func (w *worker) serviceWaiting(name string) string {
	what := w.services[name].Waiting()
	if pool := w.Random.Waiting(); what == "" && pool != "" {
		return "perhaps " + pool
	}
	return what
}

// terminals are those in use, by the menu or by a login.
type terminals struct {
	mu   sync.Mutex
	used map[string]chan struct{} // closed when free again
}

// try takes a terminal that nobody uses.
func (t *terminals) try(name string) (leave func(), ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.used[name] != nil {
		return nil, false
	}
	if t.used == nil {
		t.used = map[string]chan struct{}{}
	}
	free := make(chan struct{})
	t.used[name] = free
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		delete(t.used, name)
		close(free)
	}, true
}

// take waits until nobody uses a terminal.
func (t *terminals) take(ctx context.Context, name string) (leave func(), err error) {
	for {
		if leave, ok := t.try(name); ok {
			return leave, nil
		}
		t.mu.Lock()
		free := t.used[name]
		t.mu.Unlock()
		if free == nil {
			continue
		}
		select {
		case <-free:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}
