package spec

import (
	"maps"
	"slices"
)

// VMOrder groups guests by the order of their rows: the first group starts first, and stops last.
func VMOrder(rows map[string]VM) [][]string {
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

// VMBefore are the guests that start with the machine and before a given one.
func VMBefore(rows map[string]VM, name string) []string {
	var names []string
	for _, other := range slices.Sorted(maps.Keys(rows)) {
		if rows[other].Autostart && rows[other].Order < rows[name].Order {
			names = append(names, other)
		}
	}
	return names
}
