package sources

import (
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/build/gobin"
	"github.com/imgbuild/imgbuild/build/lock"
	"github.com/imgbuild/imgbuild/build/plan"
)

// Areas are what commands are for.
func Areas() (all []plan.Area) {
	for _, a := range gobin.Areas() {
		all = append(all, plan.Area(a))
	}
	return all
}

// Modules lists the Go modules of all programs once.
func Modules(programs ...gobin.Binary) []lock.Module {
	var out []lock.Module
	for _, b := range programs {
		for _, m := range b.Modules {
			out = append(out, lock.Module{Path: m.Path, Version: m.Version, Sum: m.Sum})
		}
	}
	slices.SortFunc(out, func(a, b lock.Module) int {
		return strings.Compare(a.Path+" "+a.Version, b.Path+" "+b.Version)
	})
	return slices.Compact(out)
}
