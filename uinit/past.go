package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/crash"
	"github.com/imgbuild/imgbuild/uinit/ssh"
	"github.com/imgbuild/imgbuild/uinit/unit"
)

// past is what PID 1 tells a worker, as its one argument, of what was before it in this boot.
type past struct {
	// Crashes counts the workers that ended unasked; Reason is how the last of them did.
	Crashes int    `json:"crashes,omitempty"`
	Reason  string `json:"reason,omitempty"`
	// NoRescue is why somebody who asked for a rescue shell got none.
	NoRescue string `json:"no_rescue,omitempty"`
}

func (p past) String() string {
	b, err := json.Marshal(p)
	if err != nil {
		return "{}"
	}
	return string(b)
}

// parsePast reads a worker's arguments. A worker would rather know nothing than not start.
func parsePast(args []string) (p past) {
	if len(args) != 1 || json.Unmarshal([]byte(args[0]), &p) != nil {
		return past{}
	}
	return p
}

// tell shows what was before, among the units, and so above the login prompts.
func (p past) tell(w *worker) {
	if p.Crashes > 0 {
		w.Facts.Fact("uinit.crashes", p.Crashes)
		w.Facts.Fact("uinit.crash", p.Reason)
		text := "uinit crashed, restarted: " + p.Reason
		if p.Crashes > 1 {
			text = fmt.Sprintf("uinit crashed, restarted, %d times; the last time: %s", p.Crashes, p.Reason)
		}
		w.Outcomes.Trouble("uinit", "degraded", text)
	}
	if p.NoRescue != "" {
		w.Outcomes.Trouble("rescue", string(unit.Failed), "no shell: "+p.NoRescue)
	}
}

// crashPlaces are where one boot leaves word of its crashes to the next.
func crashPlaces(m *spec.Machine) crash.Places { return crash.PlacesOf(m, ssh.OnDisk) }

// keepCrash is for PID 1: it leaves word, and returns how many boots in a row have ended so.
func keepCrash(reason string) (reboots int, err error) {
	m, err := readMachine(spec.Path)
	if err != nil {
		m = &spec.Description{} // the firmware may have room all the same
	}
	n, failed := crashPlaces(&m.Machine).Keep(reason)
	return n, errors.Join(err, failed)
}

// tellLastBoot says how the last boot ended, if it ended by crashes. It comes when the boot is over: until then the file
// systems that may know are not there. The record is dropped once this boot has lasted.
func (w *worker) tellLastBoot() {
	r, err := crashPlaces(w.Machine.Now()).Recall()
	if err != nil {
		return
	}
	w.crashed.Store(true)
	w.Facts.Fact("uinit.reboots", r.Reboots)
	w.Outcomes.Trouble("last-boot", "degraded", fmt.Sprintf("rebooted because uinit crashed again and again (%d in a row); the last time: %s", r.Reboots, r.Reason))
	go func() {
		select {
		case <-time.After(crash.Span):
			if err := w.forgetCrash(w.Life); err != nil {
				w.Log.Warn(err.Error())
			}
		case <-w.Life.Done():
		}
	}()
}

// forgetCrash drops the record, if there is one: the box has run for a while, or somebody ends the run in good order.
func (w *worker) forgetCrash(context.Context) error {
	if !w.crashed.CompareAndSwap(true, false) {
		return nil
	}
	return crashPlaces(w.Machine.Now()).Forget()
}
