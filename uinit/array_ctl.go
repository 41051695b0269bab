//go:build !noarray

package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/internal/suggest"
	"github.com/imgbuild/imgbuild/uinit/dev"
	"github.com/imgbuild/imgbuild/uinit/md"
)

// answers lets uinitctl ask about arrays and have work done on them. Who asked may leave: what was
// begun goes on.
func (a *arrays) answers() {
	a.w.board.Answer("array", func(ctx context.Context, args []string, send func(report.Event) error) error {
		say := func(format string, args ...any) error {
			return send(report.Event{Kind: report.KindFact, Name: "array", Message: fmt.Sprintf(format, args...)})
		}
		args = append(args, "", "", "", "")
		switch verb, name := args[0], args[1]; {
		case verb == "status" || verb == "":
			return a.status(say)
		case a.running()[name] == "" && (verb == "check" || verb == "replace"):
			names := sorted(a.running())
			return fmt.Errorf("no array %q runs%s; accepted: %s", name, suggest.DidYouMean(name, names), strings.Join(names, ", "))
		case verb == "check":
			return a.check(ctx, name, say)
		case verb == "replace" && args[2] != "" && args[3] != "":
			// The work's own words may find nobody any more.
			tell := func(format string, args ...any) { _ = say(format, args...) }
			return a.replace(ctx, name, args[2], args[3], tell)
		}
		return fmt.Errorf("accepted: array status, array check NAME, array replace NAME OLD NEW")
	})
}

// status prints every array of the profile with its members.
func (a *arrays) status(say func(string, ...any) error) error {
	running := a.running()
	for _, name := range sorted(a.w.machine.Array) {
		device := running[name]
		if device == "" {
			a.mu.Lock()
			reason := a.waits[name]
			a.mu.Unlock()
			if err := say("%s %s not running: %s", name, a.w.machine.Array[name].Level, reason); err != nil {
				return err
			}
			continue
		}
		h, err := md.Examine(dev.Sys(), device)
		if err != nil {
			return err
		}
		if err := say("%s %s /dev/%s %s", name, a.w.machine.Array[name].Level, device, h); err != nil {
			return err
		}
		for _, m := range h.Members {
			if err := say("  %s: %s", md.Describe(dev.Sys(), m.Device), m.State); err != nil {
				return err
			}
		}
		for _, slot := range h.Missing {
			if err := say("  slot %d: nobody in sync", slot); err != nil {
				return err
			}
		}
	}
	return nil
}

func (a *arrays) check(ctx context.Context, name string, say func(string, ...any) error) error {
	device := a.running()[name]
	if err := md.Check(device); err != nil {
		return fmt.Errorf("checking array %s: %w", name, err)
	}
	if err := a.follow(ctx, name, func(format string, args ...any) { _ = say(format, args...) }); err != nil {
		return err
	}
	h, err := md.Examine(dev.Sys(), device)
	if err != nil {
		return err
	}
	if h.Mismatches > 0 {
		return fmt.Errorf("checking array %s: %d sectors differ; \"mdadm --action=repair /dev/%s\" makes them alike", name, h.Mismatches, device)
	}
	return say("%s: all copies agree", name)
}

// follow shows how far the work on an array has come until it ends, or the asker leaves.
func (a *arrays) follow(ctx context.Context, name string, tell func(string, ...any)) error {
	device, last := a.running()[name], ""
	idle := 0
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for {
		h, err := md.Examine(dev.Sys(), device)
		if err != nil {
			return err
		}
		if text := h.String(); text != last {
			tell("%s %s", name, text)
			last = text
		}
		// Between two pieces of work the driver is idle for a moment.
		if idle++; h.Action != "idle" && h.Action != "" {
			idle = 0
		}
		if idle > 3 {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
