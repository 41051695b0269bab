package plan

import (
	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/graph"
)

// modules are drivers that rows match, and those of interfaces of software.
func modules(m *spec.Machine) []spec.Want {
	var wants []spec.Want
	for _, name := range graph.Names(m.Ethernet) {
		// Several drivers are alternatives; not every kernel has them all.
		drivers := m.Ethernet[name].Match.Driver
		for _, driver := range drivers {
			wants = append(wants, spec.Want{Module: driver, Why: problem.JoinKey("ethernet", name) + ".match", Optional: len(drivers) > 1})
		}
	}
	for _, kind := range []struct {
		used          bool
		module, table string
	}{
		{len(m.Bond) > 0, "bonding", "bond"}, {len(m.VLAN) > 0 || m.Allows(spec.SiteVLANs), "8021q", "vlan"},
		{len(m.Bridge) > 0, "bridge", "bridge"}, {len(m.Dummy) > 0, "dummy", "dummy"},
	} {
		if kind.used {
			wants = append(wants, spec.Want{Module: kind.module, Why: kind.table})
		}
	}
	return wants
}
