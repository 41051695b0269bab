package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/mount"
	"github.com/imgbuild/imgbuild/uinit/power"
)

// ackLimit is how long the power-off waits for the host to have the report.
const ackLimit = 2 * time.Second

// stopSteps is the way down: each in its time, none for ever.
func (w *worker) stopSteps(action power.Action) []power.Step {
	return []power.Step{
		{Name: "guests", Limit: w.guests.stopLimit(), Do: w.guests.stop},
		{Name: "shares", Limit: 5 * time.Second, Do: w.stopShares},
		{Name: "services", Limit: w.machine.Boot.StopTimeout.Or(15 * time.Second), Do: w.stopServices},
		{Name: "seed", Limit: 2 * time.Second, Do: w.saveSeed},
		{Name: "clock", Limit: 2 * time.Second, Do: w.clock.end},
		{Name: "crash record", Limit: 2 * time.Second, Do: w.forgetCrash},
		{Name: "processes", Limit: 5 * time.Second, Do: func(ctx context.Context) error {
			return power.KillAll(ctx, 2*time.Second)
		}},
		{Name: "log", Limit: 4 * time.Second, Do: w.records.stop},
		{Name: "file systems", Limit: 10 * time.Second, Do: mount.DetachAll},
		{Name: "volumes", Limit: 5 * time.Second, Do: w.stopVolumes},
		{Name: "arrays", Limit: 5 * time.Second, Do: w.arrays.stop},
		{Name: "watchdog", Limit: 2 * time.Second, Do: w.stopWatchdog},
		{Name: "report", Limit: ackLimit, Do: func(ctx context.Context) error { return w.sayDone(ctx, action) }},
	}
}

func (w *worker) stop(action power.Action) {
	w.log.Info("going down: " + string(action))
	steps := w.stopSteps(action)
	if err := setStopLimit(power.Budget(steps)); err != nil {
		w.log.Warn(fmt.Sprintf("writing the stop limit: %v", err))
	}
	power.Run(context.Background(), steps, func(name string, took time.Duration, err error) {
		if err != nil {
			w.log.Error(fmt.Sprintf("stopping %s: %v", name, err))
			return
		}
		w.board.Fact("stop."+strings.ReplaceAll(name, " ", "_"), report.Seconds(took))
		w.log.Debug(fmt.Sprintf("stopping %s ok %v", name, round(took)))
	})
}

// stopServices stops services side by side, but none before those that need it.
func (w *worker) stopServices(ctx context.Context) error {
	down := map[string]chan struct{}{}
	for name := range w.services {
		down[name] = make(chan struct{})
	}
	users := dependants(w.machine.Service)
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
	for _, name := range sorted(rows) {
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
	if w.line.Has(report.ParamReport) {
		return true
	}
	ports, err := os.ReadDir("/sys/class/virtio-ports")
	return err == nil && len(ports) > 0
}
