package plan

import (
	"github.com/imgbuild/imgbuild/internal/fact"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/graph"
)

// What is told of each container.
var (
	State     = fact.Each[string]{Pattern: "container.NAME.state"}
	Exit      = fact.Each[string]{Pattern: "container.NAME.exit"}
	Restarts  = fact.Each[int]{Pattern: "container.NAME.restarts"}
	Reboots   = fact.Each[int]{Pattern: "container.NAME.reboots"}
	Started   = fact.Each[float64]{Pattern: "container.NAME.started_seconds"}
	Image     = fact.Each[string]{Pattern: "container.NAME.image"}
	Addresses = fact.Each[[]string]{Pattern: "container.NAME.addresses"}
)

func facts() []graph.Facts {
	rows := func(d *spec.Description) []string { return graph.Names(d.Container) }
	return []graph.Facts{{Rows: graph.Each(rows), Of: []fact.Def{
		State.Means(fact.None, "Where the container stands: idle, starting, running, pausing, exited, failed, stopping, stopped."),
		Exit.Means(fact.None, "How it ended last; not there before it did."),
		Restarts.Means(fact.None, "How often it was started again, since the boot; not there before it was."),
		Reboots.Means(fact.None, "How often it asked to be restarted, as inits do; not there before it did."),
		Started.Means(fact.Seconds, "How long it took from the decision to start it until its program ran."),
		Image.Means(fact.None, "The digest of its image's manifest."),
		Addresses.Means(fact.None, "Its addresses with their prefix lengths, without link-local ones; not there without an interface of its own."),
	}}}
}
