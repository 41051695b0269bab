//go:build !noarray

package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/uinit/array/md"
	"github.com/imgbuild/imgbuild/uinit/dev"
	"github.com/imgbuild/imgbuild/uinit/feature"
	"github.com/imgbuild/imgbuild/uinit/unit"
)

// arrays are those of the profile that run, and what is known of their members.
type arrays struct {
	w *worker

	once    sync.Once
	legs    sync.Once
	mu      sync.Mutex
	device  map[string]string // by row
	members map[string]string // descriptions by device: a disk that is gone cannot be asked any more
	waits   map[string]string
	last    map[string]string

	// assembling counts arrays that are waited for; missed says that a disk came meanwhile. insisting are disks whose
	// partitions are in use for the moment.
	assembling atomic.Int32
	missed     atomic.Bool
	insisting  map[string]bool
}

func newArrays(w *worker) *arrays {
	return &arrays{w: w, device: map[string]string{}, members: map[string]string{}, waits: map[string]string{}, last: map[string]string{}, insisting: map[string]bool{}}
}

var errWaited = errors.New("members had their time")

// step starts an array as soon as it may be. One that waits in vain is late, and is started when its
// members come.
func (a *arrays) step(name string) feature.Step {
	return feature.Step{
		Run: func(ctx context.Context) error { return a.assemble(ctx, name) },
		Waiting: func() string {
			a.mu.Lock()
			defer a.mu.Unlock()
			return a.waits[name]
		},
	}
}

func (a *arrays) assemble(ctx context.Context, name string) error {
	row := a.w.Machine.Now().Array[name]
	patience := 30 * time.Second
	if row.StartDegradedAfter != nil {
		patience = time.Duration(*row.StartDegradedAfter)
	}
	a.assembling.Add(1)
	defer a.assembled()
	a.legs.Do(func() { go a.watchLegs() })
	if row.Create {
		if err := a.create(ctx, name, row); err != nil {
			return err
		}
	}
	want := md.Machine{Host: string(a.w.Machine.Now().Hostname), Arrays: a.w.Machine.Now().Array, Waited: map[string]bool{name: patience == 0}}
	kernel := a.kernel()
	for {
		limited, cancel := ctx, context.CancelFunc(func() {})
		if !want.Waited[name] {
			limited, cancel = context.WithTimeoutCause(ctx, patience, errWaited)
		}
		var op md.Op
		err := a.w.AwaitDisk(limited, func() (bool, error) {
			have, err := kernel.Observe(limited)
			if err != nil {
				return false, err
			}
			a.clear(md.Claimed(want, have))
			op = md.Judge(name, want, have)
			a.wait(name, op.Reason)
			return op.Action != md.Wait, nil
		})
		cancel()
		switch {
		case errors.Is(err, errWaited) && ctx.Err() == nil:
			want.Waited[name] = true
			continue
		case err != nil:
			return fmt.Errorf("waiting for array %s: %w: %s", name, err, op.Reason)
		}
		return a.carryOut(ctx, kernel, want, op)
	}
}

func (a *arrays) carryOut(ctx context.Context, kernel md.Kernel, want md.Machine, op md.Op) error {
	for _, left := range op.Left {
		a.w.Log.Warn("array " + op.Array + ": left out: " + left)
	}
	switch op.Action {
	case md.Refuse:
		a.w.Facts.Fact("array."+op.Array+".state", "refused")
		return errors.New(op.Reason)
	case md.Start:
		if err := kernel.Start(ctx, op); err != nil {
			if held := unused(op.Members...); held != nil {
				err = fmt.Errorf("%w: %w", err, held)
			}
			return err
		}
	}
	have, err := kernel.Observe(ctx)
	if err != nil {
		return err
	}
	a.w.Facts.Fact("array.unclaimed", md.Unclaimed(want, have))
	a.clear(md.Claimed(want, have))
	a.mu.Lock()
	for _, m := range op.Members {
		a.members[m.Device] = m.String()
	}
	a.device[op.Array] = op.Device
	a.mu.Unlock()
	a.w.Facts.Fact("array."+op.Array+".device", "/dev/"+op.Device)
	a.once.Do(func() { go a.watch() })
	return md.Link(op.Array, op.Device)
}

func (a *arrays) kernel() md.System {
	return md.System{Sys: dev.Sys(), Disks: a.w.Disks, LoadModule: a.w.Kmod.Load}
}

func (a *arrays) wait(name, reason string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.waits[name] = reason
}

// watch tells of arrays for as long as the machine runs.
func (a *arrays) watch() {
	events, stop := a.w.Events.Watch()
	defer stop()
	go func() {
		for e := range events {
			if e.Action == "remove" && e.Subsystem() == "block" || e.Action == dev.Overflow {
				a.dropLost()
			}
		}
	}()
	if err := md.Watch(a.w.Life, a.look); err != nil && a.w.Life.Err() == nil {
		a.w.Log.Error(err.Error())
	}
}

func (a *arrays) dropLost() {
	for name, device := range a.running() {
		for _, lost := range md.DropLost(dev.Sys(), device) {
			a.w.Log.Error(fmt.Sprintf("array %s: %s was pulled", name, a.describe(lost)))
		}
	}
}

func (a *arrays) running() map[string]string {
	a.mu.Lock()
	defer a.mu.Unlock()
	list := map[string]string{}
	for name, device := range a.device {
		list[name] = device
	}
	return list
}

func (a *arrays) describe(device string) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	if text := a.members[device]; text != "" {
		return text
	}
	return device
}

// look publishes how each array is, and says whether one is being worked on.
func (a *arrays) look() (busy bool) {
	for name, device := range a.running() {
		h, err := md.Examine(dev.Sys(), device)
		if err != nil {
			continue // being stopped
		}
		busy = busy || h.Action != "" && h.Action != "idle"
		fact := func(key string, value any) { a.w.Facts.Fact("array."+name+"."+key, value) }
		var members []string
		for _, m := range h.Members {
			members = append(members, fmt.Sprintf("%s %d %s", m.Device, m.Slot, m.State))
		}
		fact("members", members)
		fact("missing", append([]int{}, h.Missing...))
		fact("action", h.Action)
		fact("percent", int(h.Percent()))
		fact("state", h.State())
		a.tell(name, h)
	}
	return busy
}

// tell logs a change and shows it with the units, whence it comes above the login prompts.
func (a *arrays) tell(name string, h md.Health) {
	key, text := h.State(), ""
	for _, m := range h.Members {
		key += "; " + m.Device + " " + m.Condition()
		text += "; " + a.describe(m.Device) + " " + m.Condition()
	}
	a.mu.Lock()
	old := a.last[name]
	a.last[name] = key
	a.mu.Unlock()
	if old == key {
		return
	}
	a.w.Facts.Unit(a.event(report.Event{Kind: report.KindUnit, Name: "array:" + name, State: string(unit.OK)}), false)
	if old != "" || h.State() != "ok" {
		a.w.Log.Warn("array " + name + ": " + h.String() + text)
	}
}

// event makes of the outcome of an array's unit what is to be shown: one that runs may still be in trouble.
func (a *arrays) event(e report.Event) report.Event {
	for name, device := range a.running() {
		if e.Name != "array:"+name || e.State != string(unit.OK) {
			continue
		}
		if h, err := md.Examine(dev.Sys(), device); err == nil && h.State() != "ok" {
			e.State, e.Message = "degraded", strings.TrimPrefix(h.String(), "degraded: ") // one word of it is enough
			for _, m := range h.Members {
				if m.Has("faulty") { // the one to pull
					e.Message += "; failed: " + a.disk(m.Device)
				}
			}
			if h.Broken {
				e.State = string(unit.Failed)
			}
		}
	}
	return e
}

// stop stops all arrays, so that the next start finds them clean.
func (a *arrays) stop(context.Context) error {
	var failed []error
	for _, device := range a.running() {
		failed = append(failed, md.Stop(device))
	}
	return errors.Join(failed...)
}
