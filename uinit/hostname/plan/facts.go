package plan

import (
	"github.com/imgbuild/imgbuild/internal/fact"
	"github.com/imgbuild/imgbuild/uinit/graph"
)

// Name is told by the unit "hostname".
var Name = fact.One[string]{Name: "hostname"}

func facts() []graph.Facts {
	return []graph.Facts{{Of: []fact.Def{
		Name.Means(fact.None, "The host's name, as the profile, the kernel line or the box's owner has it; empty where none does."),
	}}}
}
