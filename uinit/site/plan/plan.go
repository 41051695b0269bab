// Package plan says what site.toml needs, the file by which a box's owner changes the machine. It is pure, and the
// builder's as well.
package plan

import (
	"time"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/graph"
	"github.com/imgbuild/imgbuild/uinit/unit"
)

// Plan is what the builder reads.
var Plan = graph.Plan{Name: "site", Tag: "nosite", Used: used, Units: Units, Check: check, Modules: modules, Facts: facts}

func used(d *spec.Description) bool { return d.Site != nil }

// Grace is how much longer the unit may take than its medium is waited for.
const Grace = 4 * time.Second

// Units read the file. What it may change comes after this (graph.Unit.Reads), and so do file systems: the medium's could not
// be mounted both ways at a time.
func Units(d *spec.Description) []graph.Unit {
	if d.Site == nil {
		return nil
	}
	// Coldplug brings the medium's driver.
	return []graph.Unit{{Unit: unit.Unit{
		Name: "site", Needs: []string{"mounts"}, After: []string{"coldplug"}, Timeout: time.Duration(d.Site.Wait) + Grace, Unheld: true,
	}}}
}

func modules(m *spec.Machine) []spec.Want {
	if m.Site == nil {
		return nil
	}
	return []spec.Want{{Module: "fs-vfat", Why: "site", Optional: true}}
}
