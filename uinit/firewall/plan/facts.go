package plan

import (
	"github.com/imgbuild/imgbuild/internal/fact"
	"github.com/imgbuild/imgbuild/uinit/graph"
)

// What is told of the packet filter.
var (
	State    = fact.One[string]{Name: "firewall.state"}
	Problems = fact.One[[]string]{Name: "firewall.problems"}
)

func facts() []graph.Facts {
	return []graph.Facts{{Rows: graph.Where(used), Of: []fact.Def{
		State.Means(fact.None, "Which rules are in force: loaded (the profile's), fallback (all is dropped but the management path), none."),
		Problems.Means(fact.None, "What is wrong with the profile's rules, in nft's words; not there while nothing is."),
	}}}
}
