package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/imgbuild/imgbuild/uinit/service"
	"github.com/imgbuild/imgbuild/uinit/unit"
)

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
	if pool := w.pool.Waiting(); what == "" && pool != "" {
		return "perhaps " + pool
	}
	return what
}
