package graph

import "slices"

// Circles finds names that lead back to themselves by what each needs, each circle once, starting with
// the name that sorts first.
func Circles(needs map[string][]string) [][]string {
	var found [][]string
	done := map[string]bool{}
	var visit func(name string, trail []string)
	visit = func(name string, trail []string) {
		if i := slices.Index(trail, name); i >= 0 {
			found = append(found, slices.Clone(trail[i:]))
			return
		}
		if done[name] {
			return
		}
		for _, next := range needs[name] {
			visit(next, append(trail, name))
		}
		done[name] = true
	}
	for _, name := range Names(needs) {
		visit(name, nil)
	}
	return found
}
