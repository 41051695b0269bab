// Package plan says what is told of earlier crashes. It is pure, and the builder's as well.
package plan

import (
	"github.com/imgbuild/imgbuild/internal/fact"
	"github.com/imgbuild/imgbuild/uinit/graph"
)

// Plan is what the builder reads.
var Plan = graph.Plan{Name: "crash", Facts: facts}

// Reboots is told where the last run ended by crashes.
var Reboots = fact.One[int]{Name: "uinit.reboots"}

func facts() []graph.Facts {
	return []graph.Facts{{Of: []fact.Def{
		Reboots.Means(fact.None, "How many boots in a row ended because uinit crashed again and again; not there if none did."),
	}}}
}
