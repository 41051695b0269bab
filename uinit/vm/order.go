package vm

import (
	"maps"
	"slices"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// Order groups guests by the order of their rows: the first group starts first, and stops last.
func Order(rows map[string]spec.VM) [][]string {
	groups := map[int][]string{}
	for _, name := range slices.Sorted(maps.Keys(rows)) {
		groups[rows[name].Order] = append(groups[rows[name].Order], name)
	}
	var order [][]string
	for _, n := range slices.Sorted(maps.Keys(groups)) {
		order = append(order, groups[n])
	}
	return order
}

// Before are the guests that start with the machine and before a given one.
func Before(rows map[string]spec.VM, name string) []string {
	var names []string
	for _, other := range slices.Sorted(maps.Keys(rows)) {
		if rows[other].Autostart && rows[other].Order < rows[name].Order {
			names = append(names, other)
		}
	}
	return names
}
