package oci

import (
	"cmp"
	"slices"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// Want is an image that is wanted, and found.
type Want struct {
	spec.ImageWant
	*Image
}

// ranges gives each image whose owners are shifted the first number of its range. Images that share a layer share it: the layer is in
// the machine's image once, with owners of one range. Ranges go by the name that sorts first of those that share one.
func ranges(wants []Want) map[string]uint32 {
	sorted := slices.SortedFunc(slices.Values(wants), func(a, b Want) int { return cmp.Compare(a.Name, b.Name) })
	group := map[string]string{} // by name, and by layer: the name that its group goes by so far
	for _, w := range sorted {
		if !w.Shifted {
			continue
		}
		first := w.Name
		for _, l := range w.layers {
			if other, ok := group[string(l.id)]; ok {
				first = min(first, other)
			}
		}
		join := []string{w.Name}
		for _, l := range w.layers {
			if other, ok := group[string(l.id)]; ok && other != first {
				join = append(join, other)
			}
			group[string(l.id)] = first
		}
		group[w.Name] = first
		for key, in := range group {
			if slices.Contains(join, in) {
				group[key] = first
			}
		}
	}
	out, next := map[string]uint32{}, spec.FirstOwner
	for _, w := range sorted {
		if !w.Shifted {
			continue
		}
		first := group[w.Name]
		if _, ok := out[first]; !ok {
			out[first], next = next, next+spec.OwnersEach
		}
		out[w.Name] = out[first]
	}
	return out
}
