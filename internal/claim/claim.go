// Package claim tells which rows of a machine use which disk or file, by the names that they give, and which of them get
// in each other's way. What two different names stand for is seen at boot only (internal/holder).
package claim

import (
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/graph"
)

// Claim is a row's use of a disk or file.
type Claim struct {
	// Key is where it stands: vm.web.disk.root.path.
	Key string
	// Text is how the row calls it.
	Text string
	// About is what it is to its row, behind the text: "is a disk of vm.web".
	About string
	Use   graph.Use

	kind string // the row's
	name name
}

// Of lists the claims of a machine's arrays and mounts and those of features, in the order in which one who comes later is the one to
// give way.
func Of(m *spec.Machine, features []graph.Claim) []Claim {
	c := claims{m: m}
	for _, row := range slices.Sorted(maps.Keys(m.Array)) {
		c.array(row, m.Array[row])
	}
	for _, at := range slices.Sorted(maps.Keys(m.Mount)) {
		c.mount(at, m.Mount[at])
	}
	for _, f := range features {
		if path.IsAbs(f.Path) {
			c.add(f.In, "."+f.Key, f.Text, f.About, f.Use, c.at(f.Path))
		}
	}
	return c.all
}

type claims struct {
	m   *spec.Machine
	all []Claim
}

func (c *claims) add(row, key, text, about string, use graph.Use, n name) {
	kind, _, _ := strings.Cut(row, ".")
	c.all = append(c.all, Claim{row + key, text, about + " " + row, use, kind, n})
}

// array claims the members that it names, and itself by how it is known.
func (c *claims) array(name string, a spec.Array) {
	row, about := problem.JoinKey("array", name), "belongs to"
	for i, text := range a.Match.Members {
		c.add(row, problem.JoinIndex(".match.members", i), text, "is a member of", graph.Writes, member(text))
	}
	switch {
	case a.Match.UUID != "":
		c.add(row, ".match.uuid", "the array "+string(a.Match.UUID), about, graph.Writes, nameOf("array uuid", string(a.Match.UUID)))
	case a.Match.Name != "":
		c.add(row, ".match.name", "the array "+a.Match.Name, about, graph.Writes, nameOf("array", a.Match.Name))
	case len(a.Match.Members) == 0 || a.Create:
		c.add(row, "", "the array "+name, about, graph.Writes, nameOf("array", name))
	}
}

func (c *claims) mount(at string, m spec.Mount) {
	row, use := problem.JoinKey("mount", at), graph.Writes
	if m.ReadsOnly() {
		use = graph.Reads
	}
	if n, ok := source(m.Source); ok {
		c.add(row, ".source", m.Source, "is mounted by", use, n)
	} else if !bind(m) && path.IsAbs(m.Source) {
		c.add(row, ".source", m.Source, "is mounted by", use, c.at(m.Source))
	}
}
