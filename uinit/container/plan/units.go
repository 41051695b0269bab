package plan

import (
	"path"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/graph"
	"github.com/imgbuild/imgbuild/uinit/unit"
)

// Units are the containers that start with the machine. Nobody waits for them.
func Units(d *spec.Description) []graph.Unit {
	if len(d.Container) == 0 {
		return nil
	}
	var units []graph.Unit
	add := func(u unit.Unit) { units = append(units, graph.Unit{Unit: u}) }
	add(unit.Unit{Name: "containers", Needs: []string{"mounts"}, After: []string{"modules", "hostname", "loopback", "sysctl"}})
	for _, name := range graph.Names(d.Container) {
		if c := d.Container[name]; c.Starts() {
			add(unit.Unit{Name: "container:" + name, Needs: Needs(&d.Machine, c), After: after(&d.Machine, c)})
		}
	}
	return units
}

// Needs are what must be there before a container is started: what its row says, where its files lie, what its interfaces stand on.
func Needs(m *spec.Machine, c spec.Container) []string {
	needs := append([]string{"containers"}, c.Needs...)
	if c.Root.Path != "" {
		needs = append(needs, graph.Above(m, c.Root.File())...)
	}
	for _, v := range c.Volume {
		needs = append(needs, graph.Above(m, path.Join(v.Path, "x"))...)
	}
	for _, n := range c.NIC {
		for _, on := range []string{n.Bridge, n.Link} {
			if on != "" {
				needs = append(needs, "link:"+on)
			}
		}
	}
	slices.Sort(needs)
	return slices.Compact(needs)
}

// after are what a container waits for where it is there: the packet filter, before ports of it lead anywhere, and devices.
func after(m *spec.Machine, c spec.Container) (units []string) {
	if c.Routed() && m.Firewall != nil {
		units = append(units, "filter")
	}
	if len(c.Devices) > 0 {
		units = append(units, "coldplug")
	}
	return units
}

// Others are the containers that one needs directly.
func Others(c spec.Container) (names []string) {
	for _, need := range c.Needs {
		if other, ok := strings.CutPrefix(need, "container:"); ok {
			names = append(names, other)
		}
	}
	return names
}
