package array

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/internal/suggest"
	"github.com/imgbuild/imgbuild/uinit/array/md"
	"github.com/imgbuild/imgbuild/uinit/feature"
	"github.com/imgbuild/imgbuild/uinit/graph"
)

// words are what uinitctl says about arrays.
var words = []feature.Word{
	{Use: "array [status|check NAME]", Does: "arrays with their members; compare all copies"},
	{Use: "array replace NAME [OLD NEW]", Does: "a disk in place of another; alone it lists them"},
}

func (a *arrays) answer(ctx context.Context, args []string, send func(report.Event) error) error {
	to := feature.Asker(send)
	args = append(args, "", "", "", "")
	switch verb, name := args[0], args[1]; {
	case verb == "status" || verb == "":
		return a.status(to)
	case a.running()[name] == "" && (verb == "check" || verb == "replace"):
		names := graph.Names(a.running())
		if len(names) == 0 {
			return fmt.Errorf("no array runs; \"uinitctl array status\" says why")
		}
		return fmt.Errorf("no array %q runs%s; accepted: %s", name, suggest.DidYouMean(name, names), strings.Join(names, ", "))
	case verb == "check":
		return a.check(ctx, name, to)
	case verb == "replace" && args[2] != "" && args[3] != "":
		return a.replace(ctx, name, args[2], args[3], to)
	case verb == "replace":
		return a.candidates(ctx, name, to)
	}
	return feature.Accepted(words, "array")
}

// status prints every array of the profile with its members.
func (a *arrays) status(to feature.Asker) error {
	running, rows := a.running(), a.Machine.Now().Array
	for _, name := range graph.Names(rows) {
		device := running[name]
		if device == "" {
			to.Tell("%s %s not running: %s", name, rows[name].Level, a.waiting(name))
			for _, text := range a.unusedOf(name) {
				to.Tell("  %s", text)
			}
			continue
		}
		h, err := md.Examine(a.sys, device)
		if err != nil {
			return err
		}
		to.Tell("%s %s /dev/%s %s", name, rows[name].Level, device, h)
		a.tellMembers(h, to)
		for _, text := range a.unusedOf(name) {
			to.Tell("  %s", text)
		}
		if p := h.Progress(); p != "" {
			to.Tell("  %s", p)
		}
	}
	return nil
}

// tellMembers prints who is in an array, and which places are empty.
func (a *arrays) tellMembers(h md.Health, to feature.Asker) {
	for _, m := range h.Members {
		to.Tell("  %s: %s: %s", m.Place(), a.disk(m.Device), m.Condition())
	}
	for _, slot := range h.Empty() {
		to.Tell("  slot %d: empty", slot)
	}
}

// disk says which one a member is, also where it is gone.
func (a *arrays) disk(device string) string {
	if md.Exists(a.sys, device) {
		return md.Describe(a.sys, device).String()
	}
	return a.describe(device) + ", which is gone"
}

func (a *arrays) check(ctx context.Context, name string, to feature.Asker) error {
	device := a.running()[name]
	if err := md.Check(device); err != nil {
		return fmt.Errorf("checking array %s: %w", name, err)
	}
	if err := a.follow(ctx, name, to); err != nil {
		return err
	}
	h, err := md.Examine(a.sys, device)
	if err != nil {
		return err
	}
	if h.Mismatches > 0 {
		return fmt.Errorf("checking array %s: %d sectors differ; \"mdadm --action=repair /dev/%s\" makes them alike", name, h.Mismatches, device)
	}
	to.Tell("%s: all copies agree", name)
	return nil
}

// follow shows how far the work on an array has come until it ends, or the asker leaves.
func (a *arrays) follow(ctx context.Context, name string, to feature.Asker) error {
	device, last := a.running()[name], ""
	idle := 0
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for {
		h, err := md.Examine(a.sys, device)
		if err != nil {
			return err
		}
		if text := h.Progress(); text != last && text != "" {
			to.Progress(name + " " + text)
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
