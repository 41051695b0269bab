package plan

import (
	"github.com/imgbuild/imgbuild/internal/fact"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/graph"
)

// What is told of each service.
var (
	State    = fact.Each[string]{Pattern: "service.NAME.state"}
	Exit     = fact.Each[string]{Pattern: "service.NAME.exit"}
	Restarts = fact.Each[int]{Pattern: "service.NAME.restarts"}
)

func facts() []graph.Facts {
	rows := func(d *spec.Description) []string { return graph.Names(d.Service) }
	return []graph.Facts{{Rows: graph.Each(rows), Of: []fact.Def{
		State.Means(fact.None, "Where the service stands: starting, running, pausing, exited, failed, stopping, stopped."),
		Exit.Means(fact.None, "How its program ended last; not there before it did."),
		Restarts.Means(fact.None, "How often it was started again, since the boot; not there before it was."),
	}}}
}
