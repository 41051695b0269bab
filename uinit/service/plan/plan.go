// Package plan says what services need. It is pure, and the builder's as well.
package plan

import (
	"path"
	"slices"

	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/graph"
	"github.com/imgbuild/imgbuild/uinit/unit"
)

// Plan is what the builder reads.
var Plan = graph.Plan{Name: "service", Units: Units, Check: check, Needs: needs, Facts: facts, Listens: listens}

// listens are the ports that are services' signs, of those that can be seen: a service in a network of its own has none here.
func listens(m *spec.Machine) []graph.Listener {
	var all []graph.Listener
	for _, name := range graph.Names(m.Service) {
		s := m.Service[name]
		if port := s.Ready.Port; port > 0 && port <= 65535 && !slices.Contains(s.Namespaces, spec.NamespaceNet) {
			all = append(all, graph.Listener{Key: problem.JoinKey("service", name) + ".ready.port", Server: "service:" + name, Port: port, Sign: true})
		}
	}
	return all
}

// Units are the services of the profile, and those that features add.
func Units(d *spec.Description) []graph.Unit {
	var units []graph.Unit
	for _, name := range graph.Names(d.Service) {
		needs := append([]string{"mounts"}, d.Service[name].Needs...)
		after := []string{"hostname", "loopback", "sysctl", "users"}
		for _, place := range d.Service[name].Writable {
			after = append(after, graph.Above(&d.Machine, path.Join(place, "x"))...)
		}
		slices.Sort(after)
		units = append(units, graph.Unit{Unit: unit.Unit{Name: "service:" + name, Needs: needs, After: slices.Compact(after)}})
	}
	return units
}
