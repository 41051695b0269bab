// Package plan says which units every machine has. It is pure, and the builder's as well.
package plan

import (
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/graph"
	"github.com/imgbuild/imgbuild/uinit/unit"
)

// Plan is what the builder reads.
var Plan = graph.Plan{Name: "base", Units: Units, Facts: facts}

// Units are those behind which the init's root does the work.
func Units(*spec.Description) []graph.Unit {
	return []graph.Unit{
		{Unit: unit.Unit{Name: "report", Soft: true, Unheld: true}},
		{Unit: unit.Unit{Name: "status", Needs: []string{"mounts"}, After: []string{"loopback"}, Soft: true, Unheld: true}},
	}
}
