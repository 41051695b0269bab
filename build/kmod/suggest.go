package kmod

import "github.com/imgbuild/imgbuild/internal/suggest"

// suggest finds the module whose name is nearest to name, or "" when none is near
// enough to be what was meant.
func (x *Index) suggest(name string) string {
	names := make([]string, len(x.Modules))
	for i := range x.Modules {
		names[i] = x.Modules[i].Name
	}
	return suggest.Closest(name, names)
}
