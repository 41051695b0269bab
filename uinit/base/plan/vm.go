package plan

import (
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/graph"
	"github.com/imgbuild/imgbuild/uinit/unit"
)

// guestUnits are the virtual machines that start with this one. Nobody waits for them.
func guestUnits(m *spec.Description) []graph.Unit {
	if len(m.VM) == 0 {
		return nil
	}
	var units []graph.Unit
	add := func(u unit.Unit) { units = append(units, graph.Unit{Unit: u}) }
	add(unit.Unit{Name: "guests", Needs: []string{"mounts"}, After: []string{"modules", "hostname"}})
	for _, name := range graph.Names(m.VM) {
		row := m.VM[name]
		if !row.Autostart {
			continue
		}
		needs := append([]string{"guests"}, row.Needs...)
		for _, file := range row.Files() {
			needs = append(needs, graph.Above(&m.Machine, file)...)
		}
		for _, bridge := range row.Bridges() {
			needs = append(needs, "link:"+bridge)
		}
		var after []string
		for _, other := range spec.VMBefore(m.VM, name) {
			after = append(after, "vm:"+other)
		}
		add(unit.Unit{Name: "vm:" + name, Needs: unique(needs), After: after})
	}
	return units
}

// unique leaves out what was there before.
func unique(list []string) []string {
	var out []string
	seen := map[string]bool{}
	for _, s := range list {
		if !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	return out
}
