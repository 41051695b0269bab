package plan

import (
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/graph"
)

// Plan is what the builder reads.
var Plan = graph.Plan{Name: "base", Parts: parts, Units: Units}

// parts are those of features that have no folder of their own yet.
var parts = func() map[string]func(*spec.Description) bool {
	all := map[string]func(*spec.Description) bool{}
	for tag, used := range spec.Parts {
		all[tag] = used
	}
	return all
}()
