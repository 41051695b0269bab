package plan

import (
	"github.com/imgbuild/imgbuild/internal/fact"
	"github.com/imgbuild/imgbuild/uinit/graph"
)

// What is told of site.toml.
var (
	State    = fact.One[string]{Name: "site.state"}
	Device   = fact.One[string]{Name: "site.device"}
	Problems = fact.One[[]string]{Name: "site.problems"}
)

func facts() []graph.Facts {
	return []graph.Facts{{Rows: graph.Where(used), Of: []fact.Def{
		State.Means(fact.None, "What became of site.toml: used, refused, no medium, no file."),
		Device.Means(fact.None, "The partition that it was looked for on."),
		Problems.Means(fact.None, "What is wrong with a file that was refused, each with its line and column."),
	}}}
}
