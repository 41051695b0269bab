// Package plan says what new versions need. It is pure, and the builder's as well.
package plan

import (
	"time"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/graph"
	"github.com/imgbuild/imgbuild/uinit/unit"
)

// Plan is what the builder reads.
var Plan = graph.Plan{Name: "update", Tag: "noupdate", Used: used, Units: Units, Check: check, Commands: commands, Facts: facts}

// Commands of the busybox that the feature starts.
const (
	Program = "update" // fetches versions, and verifies their signatures
	Prover  = "prove"  // runs the checks that prove a version
)

func used(d *spec.Description) bool { return d.Update != nil }

// DiskTimeout is how long the disk that the box was started from is waited for.
const DiskTimeout = 30 * time.Second

// Units look at the slots of the disk that the box was started from.
func Units(d *spec.Description) []graph.Unit {
	if d.Update == nil {
		return nil
	}
	return []graph.Unit{{Unit: unit.Unit{Name: "update", Needs: []string{"mounts"}, After: []string{"coldplug"}, Timeout: DiskTimeout + 5*time.Second, Unheld: true}}}
}

func commands(m *spec.Machine) []string {
	if m.Update == nil {
		return nil
	}
	return []string{Program, Prover}
}
