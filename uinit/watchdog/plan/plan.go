// Package plan says what the watchdog needs. It is pure, and the builder's as well.
package plan

import (
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/graph"
	"github.com/imgbuild/imgbuild/uinit/unit"
)

// Plan is what the builder reads.
var Plan = graph.Plan{Name: "watchdog", Tag: "nowatchdog", Used: used, Units: Units, Facts: facts}

func used(d *spec.Description) bool { return d.Watchdog != nil }

// Units start it. Coldplug brings the hardware's driver.
func Units(d *spec.Description) []graph.Unit {
	if !used(d) {
		return nil
	}
	return []graph.Unit{{Unit: unit.Unit{Name: "watchdog", After: []string{"coldplug"}, Unheld: true}}}
}
