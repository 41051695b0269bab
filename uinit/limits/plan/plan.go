// Package plan says what dividing a machine among its users needs. It is pure, and the builder's as well.
package plan

import (
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/graph"
	"github.com/imgbuild/imgbuild/uinit/unit"
)

// Plan is what the builder reads.
var Plan = graph.Plan{Name: "limits", Units: Units, Facts: facts}

// Units mount what programs expect, with sizes: nearly all others need it.
func Units(*spec.Description) []graph.Unit {
	return []graph.Unit{{Unit: unit.Unit{Name: "mounts", Unheld: true}}}
}
