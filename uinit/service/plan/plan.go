// Package plan says what services need. It is pure, and the builder's as well.
package plan

import (
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/graph"
	"github.com/imgbuild/imgbuild/uinit/unit"
)

// Plan is what the builder reads.
var Plan = graph.Plan{Name: "service", Units: Units, Check: check, Facts: facts}

// Units are the services of the profile, and those that features add.
func Units(d *spec.Description) []graph.Unit {
	var units []graph.Unit
	for _, name := range graph.Names(d.Service) {
		needs := append([]string{"mounts"}, d.Service[name].Needs...)
		units = append(units, graph.Unit{Unit: unit.Unit{Name: "service:" + name, Needs: needs, After: []string{"hostname", "loopback", "sysctl", "users"}}})
	}
	return units
}
