// Package plan says when the kernel's settings are made. It is pure, and the builder's as well.
package plan

import (
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/graph"
	"github.com/imgbuild/imgbuild/uinit/unit"
)

// Plan is what the builder reads.
var Plan = graph.Plan{Name: "sysctl", Units: Units, Check: check}

// Units make the settings. Modules bring some of them; those of the packet filter come first, so that the profile's own
// words win.
func Units(d *spec.Description) []graph.Unit {
	after := []string{"modules"}
	if d.Firewall != nil {
		after = append(after, "firewall-settings")
	}
	return []graph.Unit{{Unit: unit.Unit{Name: "sysctl", After: after}}}
}
