// Package plan says what is told of the kernel line's words on the network. It is pure, and the builder's as well.
package plan

import (
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/internal/fact"
	"github.com/imgbuild/imgbuild/uinit/graph"
)

// Plan is what the builder reads.
var Plan = graph.Plan{Name: "netcmdline", Facts: facts}

// Problems is told at the start, and again after site.toml.
var Problems = fact.One[[]string]{Name: "netcmdline.problems"}

// AddsLinks says whether a word of the kernel line may add interfaces to those of the image.
func AddsLinks(word string) bool {
	name, _, _ := strings.Cut(word, "=")
	return slices.Contains([]string{"ifname", "BOOTIF", "bond", "vlan", "bridge", "ip"}, name)
}

func facts() []graph.Facts {
	return []graph.Facts{{Of: []fact.Def{
		Problems.Means(fact.None, "What the kernel line says of the network in vain, word by word."),
	}}}
}
