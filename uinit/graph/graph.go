// Package graph says which units a machine boots by and what each of them waits for. It is pure: the init gives the units
// their work, and the builder looks at the same graph to know what a service may need and a check may ask about.
package graph

import (
	"maps"
	"path"
	"slices"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/unit"
)

// Unit is a unit as its feature plans it: Run and Waiting come from whoever does the work.
type Unit struct {
	unit.Unit
	// Reads are the keys of site.toml that change what the unit does. Where the box's owner may write one of them, the
	// unit comes after the unit "site".
	Reads []spec.SiteKey
	// AfterMedium has the unit come after "site" whatever the owner may write, for it may need the medium that the file is on.
	AfterMedium bool
}

// Part gives the units that one feature has on a machine; none where the machine does not use it.
type Part func(d *spec.Description) []Unit

// Of joins the parts of a graph and orders what reads the site file behind it.
func Of(d *spec.Description, parts ...Part) []Unit {
	var units []Unit
	for _, part := range parts {
		units = append(units, part(d)...)
	}
	if !slices.ContainsFunc(units, func(u Unit) bool { return u.Name == "site" }) {
		return units // an init that cannot read the file does not wait for it
	}
	for i, u := range units {
		if u.AfterMedium || d.Allows(u.Reads...) {
			units[i].After = append(slices.Clone(u.After), "site")
		}
	}
	return units
}

// Plain are the units without what only the planning needs, for unit.Check.
func Plain(units []Unit) []unit.Unit {
	plain := make([]unit.Unit, len(units))
	for i, u := range units {
		plain[i] = u.Unit
	}
	return plain
}

// Above returns the units of the machine's mounts that a path lies below, the nearest first.
func Above(m *spec.Machine, file string) []string {
	var units []string
	for dir := path.Dir(file); dir != "/" && dir != "."; dir = path.Dir(dir) {
		if _, ok := m.Mount[dir]; ok {
			units = append(units, "mount:"+dir)
		}
	}
	return units
}

// Names are the names of a table's rows, sorted.
func Names[V any](rows map[string]V) []string { return slices.Sorted(maps.Keys(rows)) }
