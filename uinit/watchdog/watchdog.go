// Package watchdog feeds the machine's watchdog for as long as the worker is well. Whatever hangs or kills
// the worker thereby restarts the box. The kernel's side is in Documentation/watchdog/watchdog-api.rst.
package watchdog

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Device is a watchdog that has been opened, and therefore runs.
type Device interface {
	// SetTimeout sets how long it waits, as near as it can, and returns what it took.
	SetTimeout(time.Duration) (time.Duration, error)
	// Feed starts its time anew.
	Feed() error
	// Disarm stops it, where it can be stopped, and closes it.
	Disarm() error
}

// Dog feeds a device.
type Dog struct {
	device  Device
	timeout time.Duration
	asked   chan error // Well's answer, while it is open
	// Well returns nil while the worker is in order. No answer in time counts as not well.
	Well func(context.Context) error
	// Log takes what a person should know.
	Log func(format string, args ...any)
}

// Start sets the device's time. A device that does not take it keeps its own, which is returned.
func Start(d Device, timeout time.Duration) (*Dog, time.Duration, error) {
	took, err := d.SetTimeout(timeout)
	if err != nil {
		return nil, 0, errors.Join(fmt.Errorf("setting the watchdog's time: %w", err), d.Disarm())
	}
	return &Dog{device: d, timeout: took, Log: func(string, ...any) {}}, took, nil
}

// Run feeds the device until ctx ends; then it disarms it. While the worker is not well it lets the device starve.
func (g *Dog) Run(ctx context.Context) error {
	// Four meals in the device's time: an answer may be late by one of them.
	every := g.timeout / 4
	tick := time.NewTicker(every)
	defer tick.Stop()
	starving := false
	for {
		err := g.look(ctx, every)
		if ctx.Err() != nil {
			return g.device.Disarm()
		}
		switch {
		case err == nil:
			if starving {
				g.Log("well again; feeding the watchdog")
			}
			starving = false
			if err := g.device.Feed(); err != nil {
				g.Log("feeding the watchdog: %v", err)
			}
		case !starving:
			starving = true
			g.Log("not well, so the watchdog goes hungry and will restart the machine within %v: %v", g.timeout, err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return g.device.Disarm()
		}
	}
}

// look asks whether the worker is well, and takes no answer for an answer.
func (g *Dog) look(ctx context.Context, limit time.Duration) error {
	if g.Well == nil {
		return nil
	}
	if g.asked == nil { // else the last question is still open
		asked := make(chan error, 1)
		g.asked = asked
		go func() {
			defer func() {
				if v := recover(); v != nil {
					asked <- fmt.Errorf("panic: %v", v)
				}
			}()
			asked <- g.Well(ctx)
		}()
	}
	select {
	case err := <-g.asked:
		g.asked = nil
		return err
	case <-time.After(limit):
		return fmt.Errorf("no answer within %v", limit)
	case <-ctx.Done():
		return ctx.Err()
	}
}
