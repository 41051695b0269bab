package array

import (
	"fmt"

	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/uinit/array/md"
	"github.com/imgbuild/imgbuild/uinit/array/plan"
	"github.com/imgbuild/imgbuild/uinit/dev"
	"github.com/imgbuild/imgbuild/uinit/unit"
)

// watch tells of arrays for as long as the machine runs.
func (a *arrays) watch() {
	events, stop := a.Events.Watch(dev.Of("block"))
	defer stop()
	go func() {
		lost := map[string]bool{}
		for e := range events {
			if e.Action == "remove" && e.Subsystem() == "block" || e.Action == dev.Overflow {
				lost = a.dropLost(lost)
			}
		}
	}()
	if err := md.Watch(a.Life, a.look); err != nil && a.Life.Err() == nil {
		a.Log.Error(err.Error())
	}
}

// dropLost tells the driver, and the log, of members that are gone. A driver that is busy keeps one for a while, and may have noticed
// by itself: told are the members of which the log has heard.
func (a *arrays) dropLost(told map[string]bool) map[string]bool {
	all := map[string]bool{}
	for name, device := range a.running() {
		for _, lost := range md.DropLost(a.sys, device) {
			key := name + " " + lost
			if all[key] = true; !told[key] {
				a.Log.Error(fmt.Sprintf("array %s: %s was pulled", name, a.describe(lost)))
			}
		}
	}
	return all
}

// look publishes how each array is, and says whether one is being worked on.
func (a *arrays) look() (busy bool) {
	for name, device := range a.running() {
		h, err := md.Examine(a.sys, device)
		if err != nil {
			continue // being stopped
		}
		busy = busy || h.Action != "" && h.Action != "idle"
		var members []string
		var active, failed, spare int
		for _, m := range h.Members {
			members = append(members, fmt.Sprintf("%s %d %s", m.Device, m.Slot, m.State))
			switch {
			case m.Has("faulty"):
				failed++
			case m.Has("in_sync"):
				active++
			case !m.Has("journal"):
				spare++
			}
		}
		a.Facts.Fact(plan.Active.Of(name).Is(active))
		a.Facts.Fact(plan.Failed.Of(name).Is(failed))
		a.Facts.Fact(plan.Spare.Of(name).Is(spare))
		a.Facts.Fact(plan.Members.Of(name).Is(members))
		a.Facts.Fact(plan.Missing.Of(name).Is(h.Missing))
		a.Facts.Fact(plan.Action.Of(name).Is(h.Action))
		a.Facts.Fact(plan.Percent.Of(name).Is(int(h.Percent())))
		a.Facts.Fact(plan.State.Of(name).Is(h.State()))
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
	a.Outcomes.Again("array:" + name)
	if old != "" || h.State() != "ok" {
		a.Log.Warn("array " + name + ": " + h.String() + text)
	}
}

// Revise makes of the outcome of an array's unit what is to be shown: one that runs may still be in trouble.
func (a *arrays) Revise(e report.Event) report.Event {
	for name, device := range a.running() {
		if e.Name != "array:"+name || e.State != string(unit.OK) {
			continue
		}
		if h, err := md.Examine(a.sys, device); err == nil && h.State() != "ok" {
			e.State, e.Message = "degraded", h.String()
			if h.State() == e.State { // one word of it is enough
				e.Message = h.Lack()
			}
			for _, m := range h.Members {
				if m.Has("faulty") { // the one to pull
					e.Message += "; failed: " + a.disk(m.Device)
				}
			}
			for _, text := range a.unusedOf(name) {
				e.Message += "; " + text
			}
			if h.Broken {
				e.State = string(unit.Failed)
			}
		}
	}
	return e
}
