// Package plan says what is told of disks that a firmware made an array of. It is pure, and the builder's as well.
package plan

import (
	"github.com/imgbuild/imgbuild/internal/fact"
	"github.com/imgbuild/imgbuild/uinit/graph"
)

// Plan is what the builder reads.
var Plan = graph.Plan{Name: "firmware", Facts: facts}

// Arrays is told when a disk with a firmware's mark comes or goes.
var Arrays = fact.One[[]string]{Name: "disk.firmware_raid"}

func facts() []graph.Facts {
	return []graph.Facts{{Of: []fact.Def{
		Arrays.Means(fact.None, "Disks that a board's or a controller's firmware made an array of, each with its kind and place."),
	}}}
}
