package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/feature"
	"github.com/imgbuild/imgbuild/uinit/graph"
	"github.com/imgbuild/imgbuild/uinit/mount"
	"github.com/imgbuild/imgbuild/uinit/power"
)

// ackLimit is how long the power-off waits for the host to have the report.
const ackLimit = 2 * time.Second

// Stops are the steps of the way down that are no feature's of their own yet: each in its time, none for ever.
func (w *worker) Stops() []feature.Stop {
	return []feature.Stop{
		{Phase: feature.Guests, Step: power.Step{Name: "guests", Limit: w.guests.stopLimit(), Do: w.guests.stop}},
		{Phase: feature.Shares, Step: power.Step{Name: "shares", Limit: 5 * time.Second, Do: w.stopShares}},
		{Phase: feature.Services, Step: power.Step{Name: "services", Limit: w.Machine.Now().Boot.StopTimeout.Or(15 * time.Second), Do: w.stopServices}},
		{Phase: feature.State, Step: power.Step{Name: "clock", Limit: 2 * time.Second, Do: w.clock.end}},
		{Phase: feature.State, Step: power.Step{Name: "crash record", Limit: 2 * time.Second, Do: w.forgetCrash}},
		{Phase: feature.Processes, Step: power.Step{Name: "processes", Limit: 5 * time.Second, Do: func(ctx context.Context) error {
			return power.KillAll(ctx, 2*time.Second)
		}}},
		{Phase: feature.FileSystems, Step: power.Step{Name: "file systems", Limit: 10 * time.Second, Do: mount.DetachAll}},
		{Phase: feature.Volumes, Step: power.Step{Name: "volumes", Limit: 5 * time.Second, Do: w.stopVolumes}},
		{Phase: feature.Arrays, Step: power.Step{Name: "arrays", Limit: 5 * time.Second, Do: w.arrays.stop}},
	}
}

// stopSteps is the way down: what the features have to do, in the order of the phases, and the end of the report.
func (w *worker) stopSteps(action power.Action) []power.Step {
	var stops []feature.Stop
	for _, f := range w.features {
		if s, ok := f.Feature.(feature.Stopper); ok {
			stops = append(stops, s.Stops()...)
		}
	}
	slices.SortStableFunc(stops, func(a, b feature.Stop) int { return int(a.Phase) - int(b.Phase) })
	var steps []power.Step
	for _, s := range stops {
		steps = append(steps, s.Step)
	}
	return append(steps, power.Step{Name: "report", Limit: ackLimit, Do: func(ctx context.Context) error { return w.sayDone(ctx, action) }})
}

func (w *worker) stop(action power.Action) {
	w.Log.Info("going down: " + string(action))
	steps := w.stopSteps(action)
	if err := setStopLimit(power.Budget(steps)); err != nil {
		w.Log.Warn(fmt.Sprintf("writing the stop limit: %v", err))
	}
	power.Run(context.Background(), steps, func(name string, took time.Duration, err error) {
		if err != nil {
			w.Log.Error(fmt.Sprintf("stopping %s: %v", name, err))
			return
		}
		w.Facts.Fact("stop."+strings.ReplaceAll(name, " ", "_"), report.Seconds(took))
		w.Log.Debug(fmt.Sprintf("stopping %s ok %v", name, feature.Round(took)))
	})
}

// stopServices stops services side by side, but none before those that need it.
func (w *worker) stopServices(ctx context.Context) error {
	down := map[string]chan struct{}{}
	for name := range w.services {
		down[name] = make(chan struct{})
	}
	users := dependants(w.Machine.Now().Service)
	var all sync.WaitGroup
	var mu sync.Mutex
	var failed []error
	for name, s := range w.services {
		all.Go(func() {
			defer close(down[name])
			for _, user := range users[name] {
				select {
				case <-down[user]:
				case <-ctx.Done():
				}
			}
			if err := s.Stop(ctx); err != nil {
				mu.Lock()
				defer mu.Unlock()
				failed = append(failed, err)
			}
		})
	}
	all.Wait()
	return errors.Join(failed...)
}

// dependants says which services need a service directly.
func dependants(rows map[string]spec.Service) map[string][]string {
	users := map[string][]string{}
	for _, name := range graph.Names(rows) {
		for _, need := range rows[name].Needs {
			for other := range rows {
				if need == "service:"+other && other != name {
					users[other] = append(users[other], name)
				}
			}
		}
	}
	return users
}

// sayDone ends the report and waits until the host has it: what is still in the port when the machine
// goes off is lost.
func (w *worker) sayDone(ctx context.Context, action power.Action) error {
	w.reporter.Send(report.Event{Kind: report.KindDone, State: string(action)})
	if !w.hasHost() {
		return nil
	}
	if err := w.reporter.Flush(ctx); err != nil {
		return fmt.Errorf("sending the report's end: %w", err)
	}
	select {
	case <-w.control.Acked():
	case <-ctx.Done():
	}
	return nil
}

// hasHost says whether anybody may be listening at all.
func (w *worker) hasHost() bool {
	if w.Machine.Line.Has(report.ParamReport) {
		return true
	}
	ports, err := os.ReadDir("/sys/class/virtio-ports")
	return err == nil && len(ports) > 0
}
