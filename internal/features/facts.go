package features

import (
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/internal/fact"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// Facts are those that a machine makes known, sorted by name. Those of rows that only the running machine knows have a *
// in their names.
func Facts(d *spec.Description) (facts fact.Set) {
	d = whole(d)
	for _, f := range list {
		if f.Facts == nil {
			continue
		}
		for _, group := range f.Facts() {
			facts = append(facts, group.Known(d)...)
		}
	}
	slices.SortFunc(facts, func(a, b fact.Known) int { return strings.Compare(a.Name, b.Name) })
	return facts
}

// Open are all facts that these features declare, of any rows; without names, those of all features.
func Open(names ...string) (facts fact.Set) {
	for _, f := range list {
		if f.Facts == nil || len(names) > 0 && !slices.Contains(names, f.Name) {
			continue
		}
		for _, group := range f.Facts() {
			for _, def := range group.Of {
				rows := def.Placeholders()
				for i := range rows {
					rows[i] = "*"
				}
				facts = append(facts, def.At(rows...))
			}
		}
	}
	return facts
}
