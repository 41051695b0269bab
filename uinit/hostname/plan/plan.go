// Package plan says what the host's name needs. It is pure, and the builder's as well.
package plan

import (
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/graph"
	"github.com/imgbuild/imgbuild/uinit/unit"
)

// Plan is what the builder reads.
var Plan = graph.Plan{Name: "hostname", Units: Units, Facts: facts}

// Units name the host.
func Units(*spec.Description) []graph.Unit {
	return []graph.Unit{{Unit: unit.Unit{Name: "hostname", Unheld: true}, Reads: []spec.SiteKey{spec.SiteHostname}}}
}
