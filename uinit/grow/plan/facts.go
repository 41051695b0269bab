package plan

import (
	"github.com/imgbuild/imgbuild/internal/fact"
	"github.com/imgbuild/imgbuild/uinit/graph"
)

// What is told of the partition that fills its disk.
var (
	Size   = fact.One[int64]{Name: "state.size_bytes"}
	Growth = fact.One[string]{Name: "state.growth"}
)

func facts() []graph.Facts {
	return []graph.Facts{{Rows: graph.Where(used), Of: []fact.Def{
		Size.Means(fact.Bytes, "How large the state partition is."),
		Growth.Means(fact.None, "Whether it grew in this boot, from what to what, or why not."),
	}}}
}
