package plan

import (
	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/graph"
)

// needs are the units that containers wait for.
func needs(m *spec.Machine) (all []graph.Need) {
	for _, name := range graph.Names(m.Container) {
		all = append(all, graph.Need{Key: problem.JoinKey("container", name) + ".needs", Units: m.Container[name].Needs})
	}
	return all
}
