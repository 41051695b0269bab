package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/imgbuild/imgbuild/internal/order"
	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/uinit/base/plan"
	"github.com/imgbuild/imgbuild/uinit/feature"
	"github.com/imgbuild/imgbuild/uinit/power"
	"github.com/imgbuild/imgbuild/uinit/virtioport"
)

// Stops are the root's own steps of the way down.
func (w *worker) Stops() []feature.Stop {
	return []feature.Stop{{Phase: feature.Processes, Step: power.Processes()}}
}

// way is the way down: what the features have to do, in the order of the phases.
func (w *worker) way() []feature.Stop {
	var stops []feature.Stop
	for _, s := range those[feature.Stopper](w) {
		stops = append(stops, s.Stops()...)
	}
	order.By(stops, func(a, b feature.Stop) int { return int(a.Phase) - int(b.Phase) })
	return stops
}

// stopSteps are those of the way down, and the end of the report.
func (w *worker) stopSteps(action power.Action) []power.Step {
	var steps []power.Step
	for _, s := range w.way() {
		steps = append(steps, s.Step)
	}
	return append(steps, power.Step{Name: "report", Limit: virtioport.AckLimit, Do: func(ctx context.Context) error { return w.host.Done(ctx, action) }})
}

func (w *worker) stop(action power.Action) {
	for _, l := range those[feature.Leaver](w) {
		l.Leaving()
	}
	w.Log.Info("going down: " + string(action))
	steps := w.stopSteps(action)
	if err := power.SetLimit(power.Budget(steps)); err != nil {
		w.Log.Warn(fmt.Sprintf("writing the stop limit: %v", err))
	}
	power.Run(context.Background(), steps, func(name string, took time.Duration, err error) {
		if err != nil {
			w.Log.Error(fmt.Sprintf("stopping %s: %v", name, err))
			return
		}
		w.Facts.Fact(plan.Stop.Of(strings.ReplaceAll(name, " ", "_")).Is(report.Seconds(took)))
		w.Log.Debug(fmt.Sprintf("stopping %s ok %s", name, feature.Took(took)))
	})
}
