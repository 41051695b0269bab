package graph

import (
	"github.com/imgbuild/imgbuild/internal/fact"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// Facts are facts that a machine has of the same rows.
type Facts struct {
	// Rows are the rows, each with a name for each placeholder of the facts'. A * in a name stands for what only the
	// running machine knows. nil: every machine has these facts, once.
	Rows func(d *spec.Description) [][]string
	Of   []fact.Def
}

// Known are the facts of a machine.
func (f Facts) Known(d *spec.Description) (known fact.Set) {
	rows := [][]string{nil}
	if f.Rows != nil {
		rows = f.Rows(d)
	}
	for _, row := range rows {
		for _, def := range f.Of {
			known = append(known, def.At(row...))
		}
	}
	return known
}

// Where is for facts that those machines have, once, of which yes says so.
func Where(yes func(d *spec.Description) bool) func(d *spec.Description) [][]string {
	return func(d *spec.Description) [][]string {
		if !yes(d) {
			return nil
		}
		return [][]string{nil}
	}
}

// Each is for facts that a machine has of each of these rows.
func Each(names func(d *spec.Description) []string) func(d *spec.Description) [][]string {
	return func(d *spec.Description) (rows [][]string) {
		for _, name := range names(d) {
			rows = append(rows, []string{name})
		}
		return rows
	}
}
