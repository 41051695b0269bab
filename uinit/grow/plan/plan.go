// Package plan says what it takes to grow the image's last partition. It is pure, and the builder's as well.
package plan

import (
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/graph"
	"github.com/imgbuild/imgbuild/uinit/unit"
)

// Plan is what the builder reads.
var Plan = graph.Plan{Name: "grow", Tag: "nogrow", Used: used, Units: Units, Facts: facts}

func used(d *spec.Description) bool { return d.Grow != nil }

// Units grow the partition while it is in use. No other unit waits for that, unless a service of the profile names it.
func Units(d *spec.Description) []graph.Unit {
	if d.Grow == nil {
		return nil
	}
	return []graph.Unit{{Unit: unit.Unit{Name: "grow", Needs: []string{"mount:" + d.Grow.Mount}, Soft: true}}}
}
