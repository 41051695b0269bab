package plan

import (
	"github.com/imgbuild/imgbuild/internal/fact"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/graph"
)

// What is told of the server that records are sent to.
var (
	Connected = fact.One[bool]{Name: "log.connected"}
	Lost      = fact.One[int64]{Name: "log.lost"}
)

func facts() []graph.Facts {
	sending := func(d *spec.Description) bool { return sends(&d.Machine) }
	return []graph.Facts{{Rows: graph.Where(sending), Of: []fact.Def{
		Connected.Means(fact.None, "Whether the log server is being reached."),
		Lost.Means(fact.None, "Records that could neither be sent nor kept, since the boot."),
	}}}
}
