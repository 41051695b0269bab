// Package plan says when randomness is there. It is pure, and the builder's as well.
package plan

import (
	"path"

	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/internal/state"
	"github.com/imgbuild/imgbuild/uinit/graph"
	"github.com/imgbuild/imgbuild/uinit/unit"
)

// Plan is what the builder reads.
var Plan = graph.Plan{Name: "entropy", Units: Units, Check: check, Facts: facts}

// Units wait for the pool, and take up what the last boot left. What makes keys names "entropy"; it keeps nobody else
// waiting.
func Units(d *spec.Description) []graph.Unit {
	units := []graph.Unit{{Unit: unit.Unit{Name: "entropy"}}}
	if dir := d.Entropy.State; dir != "" {
		units = append(units, graph.Unit{Unit: unit.Unit{Name: "seed", Needs: append([]string{"mounts"}, graph.Above(&d.Machine, path.Join(dir, "seed"))...)}})
	}
	return units
}

func check(j problem.Judge, m *spec.Machine) { state.Check(j, m, "entropy.state", m.Entropy.State) }
