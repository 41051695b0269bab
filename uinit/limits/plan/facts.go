package plan

import (
	"github.com/imgbuild/imgbuild/internal/fact"
	"github.com/imgbuild/imgbuild/uinit/graph"
)

// Reached is told whenever a limit makes itself felt.
var Reached = fact.One[string]{Name: "limits.reached"}

func facts() []graph.Facts {
	return []graph.Facts{{Of: []fact.Def{
		Reached.Means(fact.None, "Which service, guest or account came up against which of its limits last; not there before one did."),
	}}}
}
