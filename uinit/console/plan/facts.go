package plan

import (
	"github.com/imgbuild/imgbuild/internal/fact"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/graph"
)

// Login is told of each terminal that is served.
var Login = fact.Each[string]{Pattern: "console.NAME"}

func facts() []graph.Facts {
	rows := func(d *spec.Description) []string { return graph.Names(Served(d.Console)) }
	return []graph.Facts{{Rows: graph.Each(rows), Of: []fact.Def{
		Login.Means(fact.None, "How people log in at the terminal: password, or autologin."),
	}}}
}
