package main

import (
	"context"
	"fmt"

	"github.com/imgbuild/imgbuild/uinit/service/supervise"
	"github.com/imgbuild/imgbuild/uinit/unit"
)

// startService starts a service, unless the person at the console wants none.
func (w *worker) startService(ctx context.Context, name string) error {
	if w.Programs.None.Load() {
		return fmt.Errorf("left out at the console: %w", unit.ErrSkip)
	}
	return supervise.Unmanaged(w.services[name].Run(ctx))
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
