package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/dev"
	"github.com/imgbuild/imgbuild/uinit/features"
	"github.com/imgbuild/imgbuild/uinit/watchdog"
)

// addServices adds the services that a profile asks for by a table of their own.
func (w *worker) addServices() {
	next := *w.Machine.Now()
	next.Service = map[string]spec.Service{}
	maps.Copy(next.Service, w.Machine.Now().Service)
	for _, l := range features.All() {
		if l.Services != nil {
			maps.Copy(next.Service, l.Services(&next))
		}
	}
	w.Machine.Publish(&next)
}

// startWatchdog finds a watchdog and feeds it until disarm.
func (w *worker) startWatchdog(context.Context) error {
	sys := dev.Sys()
	name, identity, err := watchdog.Find(sys)
	if errors.Is(err, watchdog.ErrNone) {
		if err := w.Kmod.Load("softdog"); err != nil {
			return fmt.Errorf("finding no watchdog in the machine: %w", err)
		}
		name, identity, err = watchdog.Find(sys)
	}
	if err != nil {
		return err
	}
	device, err := watchdog.Open(name)
	if err != nil {
		return err
	}
	dog, timeout, err := watchdog.Start(device, w.Machine.Now().Watchdog.Timeout.Or(time.Minute))
	if err != nil {
		return err
	}
	dog.Well = w.well
	dog.Log = func(format string, args ...any) { w.Log.Warn(fmt.Sprintf(format, args...)) }
	w.Facts.Fact("watchdog.device", identity)
	w.Facts.Fact("watchdog.seconds", timeout.Seconds())
	// Beyond life: a shutdown that hangs is to end, too.
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- dog.Run(ctx) }()
	w.disarm.Store(&disarm{stop, done})
	return nil
}

// well says whether the worker is in order: it answers what "uinitctl status" asks.
func (w *worker) well(context.Context) error {
	w.Facts.Units()
	return nil
}

// disarm ends the feeding of a watchdog, and the watchdog with it.
type disarm struct {
	stop context.CancelFunc
	done <-chan error
}

// stopWatchdog is the last step but one of the way down.
func (w *worker) stopWatchdog(ctx context.Context) error {
	d := w.disarm.Load()
	if d == nil {
		return nil
	}
	d.stop()
	select {
	case err := <-d.done:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
