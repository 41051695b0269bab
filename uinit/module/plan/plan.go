// Package plan says what loading modules needs. It is pure, and the builder's as well.
package plan

import (
	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/graph"
	"github.com/imgbuild/imgbuild/uinit/unit"
)

// Plan is what the builder reads.
var Plan = graph.Plan{Name: "module", Units: Units, Check: check, Modules: modules}

// Units load what the profile names, and then drivers for the devices there are.
func Units(*spec.Description) []graph.Unit {
	return []graph.Unit{
		{Unit: unit.Unit{Name: "modules", Unheld: true}},
		{Unit: unit.Unit{Name: "coldplug", After: []string{"modules"}, Unheld: true}},
	}
}

func modules(m *spec.Machine) []spec.Want {
	var wants []spec.Want
	for _, name := range graph.Names(m.Module) {
		if m.Module[name].Load {
			wants = append(wants, spec.Want{Module: name, Why: problem.JoinKey("module", name) + ".load"})
		}
	}
	return wants
}
