package plan

import (
	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/graph"
)

// needs are the units that services wait for.
func needs(m *spec.Machine) (all []graph.Need) {
	for _, name := range graph.Names(m.Service) {
		all = append(all, graph.Need{Key: problem.JoinKey("service", name) + ".needs", Units: m.Service[name].Needs})
	}
	return all
}
