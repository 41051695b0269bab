package plan

import (
	"slices"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/graph"
	"github.com/imgbuild/imgbuild/uinit/unit"
)

// Units are the virtual machines that start with this one. Nobody waits for them.
func Units(m *spec.Description) []graph.Unit {
	if len(m.VM) == 0 {
		return nil
	}
	var units []graph.Unit
	add := func(u unit.Unit) { units = append(units, graph.Unit{Unit: u}) }
	add(unit.Unit{Name: "vms", Needs: []string{"mounts"}, After: []string{"modules", "hostname"}})
	for _, name := range graph.Names(m.VM) {
		cfg := m.VM[name]
		if !cfg.Autostart {
			continue
		}
		needs := append([]string{"vms"}, cfg.Needs...)
		for _, file := range cfg.Files() {
			needs = append(needs, graph.Above(&m.Machine, file)...)
		}
		for _, bridge := range cfg.Bridges() {
			needs = append(needs, "link:"+bridge)
		}
		var after []string
		for _, other := range spec.VMBefore(m.VM, name) {
			after = append(after, "vm:"+other)
		}
		add(unit.Unit{Name: "vm:" + name, Needs: slices.Compact(slices.Sorted(slices.Values(needs))), After: after})
	}
	return units
}
