// Package plan says what arrays need. It is pure, and the builder's as well.
package plan

import (
	"time"

	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/graph"
	"github.com/imgbuild/imgbuild/uinit/unit"
)

// Plan is what the builder reads.
var Plan = graph.Plan{
	Name: "array", Tag: "noarray", Used: used, Units: Units, Check: check, Programs: programs, Modules: modules, Facts: facts,
}

func used(d *spec.Description) bool { return len(d.Array) > 0 }

// The time that an array's unit has, besides what its members have for coming up.
const (
	// Starting is for setting the array running.
	Starting = 15 * time.Second
	// Looking is for the look at disks to make an array of: whether they are blank.
	Looking = 30 * time.Second
	// Making is for mdadm, which writes the superblocks and lets go of the new array.
	Making = 15 * time.Second
)

// Units start the arrays, each by itself.
func Units(d *spec.Description) []graph.Unit {
	var units []graph.Unit
	for _, name := range graph.Names(d.Array) {
		cfg := d.Array[name]
		deadline := cfg.Patience() + Starting
		if cfg.Create {
			deadline += Looking + Making
		}
		units = append(units, graph.Unit{
			Unit:  unit.Unit{Name: "array:" + name, Needs: []string{"mounts"}, After: []string{"modules"}, Timeout: deadline},
			Reads: []spec.SiteKey{spec.SiteHostname}, // which the members have in them
		})
	}
	return units
}

func programs(m *spec.Machine) []spec.Program {
	if len(m.Array) == 0 {
		return nil
	}
	return []spec.Program{
		{Package: "mdadm", File: "/sbin/mdadm"},
		{Package: "fdisk", File: "/sbin/sfdisk"}, // a new disk gets the old one's partitions
	}
}

func modules(m *spec.Machine) []spec.Want {
	var wants []spec.Want
	for _, name := range graph.Names(m.Array) {
		for _, module := range Modules(m.Array[name].Level) {
			wants = append(wants, spec.Want{Module: module, Why: problem.JoinKey("array", name)})
		}
	}
	return wants
}

// Modules are the kernel's for an array of a level.
func Modules(l spec.ArrayLevel) []string {
	switch l {
	case "raid4", "raid5", "raid6":
		return []string{"md_mod", "raid456"}
	}
	return []string{"md_mod", string(l)}
}
