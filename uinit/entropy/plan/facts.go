package plan

import (
	"github.com/imgbuild/imgbuild/internal/fact"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/graph"
)

// What is told of the kernel's random pool.
var (
	Sources      = fact.One[[]string]{Name: "entropy.sources"}
	Source       = fact.One[string]{Name: "entropy.source"}
	ReadySeconds = fact.One[float64]{Name: "entropy.ready_seconds"}
	Seed         = fact.One[string]{Name: "entropy.seed"}
)

func facts() []graph.Facts {
	return []graph.Facts{
		{Of: []fact.Def{
			Sources.Means(fact.None, "What the machine has to fill the random pool from: virtio-rng, hwrng:DRIVER, rdrand, efi-seed, saved-seed, jitter."),
			Source.Means(fact.None, "Which of these filled it."),
			ReadySeconds.Means(fact.Seconds, "How long the kernel had run when the pool was ready."),
		}},
		{Rows: graph.Where(func(d *spec.Description) bool { return d.Entropy.State != "" }), Of: []fact.Def{
			Seed.Means(fact.None, "What became of the seed that the last boot left: credited, none yet, or why not."),
		}},
	}
}
