package plan

import (
	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/graph"
)

// needs are the units that guests wait for.
func needs(m *spec.Machine) (all []graph.Need) {
	for _, name := range graph.Names(m.VM) {
		all = append(all, graph.Need{Key: problem.JoinKey("vm", name) + ".needs", Units: m.VM[name].Needs})
	}
	return all
}
