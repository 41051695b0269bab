// Package plan says what greetings need. It is pure, and the builder's as well.
package plan

import (
	"github.com/imgbuild/imgbuild/internal/fact"
	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/graph"
	"github.com/imgbuild/imgbuild/uinit/unit"
)

// Plan is what the builder reads.
var Plan = graph.Plan{Name: "greet", Tag: "nogreet", Used: used, Units: Units, Check: check, Programs: programs, Modules: modules, Facts: facts}

// Text is told by the unit.
var Text = fact.Each[string]{Pattern: "greet.NAME.text"}

func facts() []graph.Facts {
	return []graph.Facts{{Rows: graph.Each(func(d *spec.Description) []string { return graph.Names(d.Greet) }), Of: []fact.Def{
		Text.Means(fact.None, "What is said, and by whom."),
	}}}
}

func used(d *spec.Description) bool { return len(d.Greet) > 0 }

// Units are one a greeting.
func Units(d *spec.Description) []graph.Unit {
	var units []graph.Unit
	for _, name := range graph.Names(d.Greet) {
		units = append(units, graph.Unit{
			Unit:  unit.Unit{Name: "greet:" + name, Needs: []string{"mounts"}, After: []string{"modules"}},
			Reads: []spec.SiteKey{spec.SiteHostname, spec.SiteGreetings},
		})
	}
	return units
}

func check(j problem.Judge, m *spec.Machine) {
	for _, name := range graph.Names(m.Greet) {
		if name == "nobody" {
			j.Bad(problem.JoinKey("greet", name), "greets nobody; accepted: another name")
		}
	}
}

func programs(m *spec.Machine) []spec.Program {
	if len(m.Greet) == 0 {
		return nil
	}
	return []spec.Program{{Package: "coreutils", File: "/usr/bin/factor"}}
}

func modules(m *spec.Machine) []spec.Want {
	if len(m.Greet) == 0 {
		return nil
	}
	return []spec.Want{{Module: "dummy", Why: "greet"}}
}
