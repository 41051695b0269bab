// Package metrics has a program beside the init tell how the machine is (build/gobin/metrics).
package metrics

import (
	"context"
	"io"
	"slices"

	"github.com/imgbuild/imgbuild/internal/fact"
	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/uinit/beside"
	"github.com/imgbuild/imgbuild/uinit/feature"
	"github.com/imgbuild/imgbuild/uinit/metrics/plan"
)

// Linked is the feature [metrics].
var Linked = feature.Linked{
	Name: "metrics", Units: plan.Units, Services: plan.Services,
	New: func(d *feature.Deps) feature.Feature {
		m := metrics{d, &beside.Program{}}
		m.program.Feed = func(program io.ReadWriter) { d.Facts.Feed(program, may) }
		d.Programs.AddBeside(plan.Name, m.program)
		return m
	},
}

type metrics struct {
	*feature.Deps
	program *beside.Program
}

// Step is the work behind "metrics".
func (m metrics) Step(string) feature.Step { return feature.Step{Run: m.open} }

// open opens what the program is handed, which it could not do.
func (m metrics) open(context.Context) error {
	cfg := m.Machine.Now().Metrics
	files, err := beside.Listen(cfg.Listen, cfg.Port)
	if err != nil {
		return err
	}
	kernel, err := beside.Open("/proc/loadavg", "/proc/meminfo", "/proc/stat")
	if err != nil {
		return err
	}
	m.program.Files = append(files, kernel...)
	return nil
}

// may says what strangers may know: how units are, and what series there are of. Why a unit failed is not for them.
func may(e report.Event) (report.Event, bool) {
	if e.Kind != report.KindFact {
		return report.Event{Kind: e.Kind, Name: e.Name, State: e.State}, true
	}
	return e, slices.ContainsFunc(plan.Told, func(pattern string) bool { return fact.Match(pattern, e.Name) })
}
