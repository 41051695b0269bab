package main

import (
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/unit"
)

// guestUnits are the virtual machines that start with this one. Nobody waits for them.
func guestUnits(m *spec.Machine, do func(name string) step) []unit.Unit {
	if len(m.VM) == 0 {
		return nil
	}
	var units []unit.Unit
	add := func(u unit.Unit) {
		s := do(u.Name)
		u.Run, u.Waiting = s.Run, s.Waiting
		units = append(units, u)
	}
	add(unit.Unit{Name: "guests", Needs: []string{"mounts"}, After: []string{"modules", "hostname"}})
	for _, name := range sorted(m.VM) {
		row := m.VM[name]
		if !row.Autostart {
			continue
		}
		needs := append([]string{"guests"}, row.Needs...)
		for _, file := range row.Files() {
			needs = append(needs, above(m, file)...)
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
