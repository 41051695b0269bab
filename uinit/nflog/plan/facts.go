package plan

import (
	"github.com/imgbuild/imgbuild/internal/fact"
	"github.com/imgbuild/imgbuild/uinit/graph"
)

// Lost is told when packets come faster than they may be logged.
var Lost = fact.One[int64]{Name: "nflog.lost"}

func facts() []graph.Facts {
	return []graph.Facts{{Rows: graph.Where(used), Of: []fact.Def{
		Lost.Means(fact.None, "Packets that rules logged and no record was made of, since the boot; not there before the first."),
	}}}
}
