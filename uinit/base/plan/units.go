// Package plan says which units every machine has.
package plan

import (
	"path"
	"slices"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/graph"
	"github.com/imgbuild/imgbuild/uinit/unit"
)

// Units: the order of the list is that of its kinds, then of names.
func Units(m *spec.Description) []graph.Unit {
	var units []graph.Unit
	add := func(u unit.Unit, reads ...spec.SiteKey) { units = append(units, graph.Unit{Unit: u, Reads: reads}) }
	add(unit.Unit{Name: "report", Soft: true})
	add(unit.Unit{Name: "modules"})
	add(unit.Unit{Name: "sysctl", After: []string{"modules"}})
	add(unit.Unit{Name: "coldplug", After: []string{"modules"}})
	// What makes keys names this one; it keeps nobody else waiting.
	add(unit.Unit{Name: "entropy"})
	add(unit.Unit{Name: "buttons", Soft: true})
	add(unit.Unit{Name: "status", Needs: []string{"mounts"}, After: []string{"loopback"}, Soft: true})

	if m.Watchdog != nil {
		// Coldplug brings the hardware's driver.
		add(unit.Unit{Name: "watchdog", After: []string{"coldplug"}})
	}

	if m.Firewall != nil {
		// Modules of the profile may be what rules are made of.
		add(unit.Unit{Name: "filter", Needs: []string{"mounts"}, After: []string{"modules"}})
		add(unit.Unit{Name: "firewall", Needs: []string{"filter"}})
		if len(m.Firewall.Log.Groups) > 0 {
			add(unit.Unit{Name: "nflog", Needs: []string{"mounts"}, After: []string{"modules", "filter"}, Soft: true})
		}
		for _, name := range graph.Names(m.Links()) {
			if slices.Contains(m.Firewall.Flow.Interfaces, name) {
				add(unit.Unit{Name: "flow:" + name, Needs: []string{"link:" + name, "firewall"}, Soft: true})
			}
		}
	}
	if dir := m.Entropy.State; dir != "" {
		add(unit.Unit{Name: "seed", Needs: append([]string{"mounts"}, graph.Above(&m.Machine, path.Join(dir, "seed"))...)})
	}
	// It goes on without its file system where that doesn't come.
	return units
}
