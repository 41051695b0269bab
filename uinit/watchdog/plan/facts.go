package plan

import (
	"github.com/imgbuild/imgbuild/internal/fact"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/graph"
)

// What is told of the watchdog.
var (
	Device  = fact.One[string]{Name: "watchdog.device"}
	Timeout = fact.One[float64]{Name: "watchdog.seconds"}
)

func facts() []graph.Facts {
	fed := func(d *spec.Description) bool { return d.Watchdog != nil }
	return []graph.Facts{{Rows: graph.Where(fed), Of: []fact.Def{
		Device.Means(fact.None, "Which watchdog it is, in its driver's words."),
		Timeout.Means(fact.Seconds, "How long the machine may hang before the watchdog resets it, as the driver has it."),
	}}}
}
