package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/internal/fact"
	"github.com/imgbuild/imgbuild/internal/features"
	"github.com/imgbuild/imgbuild/uinit/graph"
)

const factsIntroduction = `# Facts

A fact is what the init knows of the running machine: a name and a value. ` + "`uinitctl facts`" + ` prints all of them, the report
sends each when it changes, and a check of a profile waits for one:

    [check.online]
    fact   = "link.lan.carrier"
    equals = true

Words in capitals stand for the names of rows: of ` + "`[ethernet.lan]`" + ` there is ` + "`link.lan.carrier`" + `. A check that names a fact
which nothing on its machine makes, or compares it with a value of another type, is an error of the profile. Which
terminals match a pattern, which VLANs the box's owner adds in site.toml, and which interfaces the kernel line adds only the
running machine knows: there any name is accepted.

This file is generated from the declarations in uinit/*/plan/facts.go.
`

// Facts renders the reference of all facts, a table for each feature.
func Facts() string {
	var w strings.Builder
	w.WriteString(factsIntroduction)
	all := slices.SortedFunc(slices.Values(features.All()), func(a, b graph.Plan) int { return cmp.Compare(a.Name, b.Name) })
	for _, f := range all {
		if f.Facts == nil {
			continue
		}
		fmt.Fprintf(&w, "\n## %s\n\n| fact | type | unit | meaning |\n| --- | --- | --- | --- |\n", f.Name)
		for _, group := range f.Facts() {
			for _, def := range group.Of {
				writeFact(&w, def)
			}
		}
	}
	return w.String()
}

func writeFact(w *strings.Builder, d fact.Def) {
	fmt.Fprintf(w, "| `%s` | %s | %s | %s |\n", d.Pattern, d.Type, d.Unit, cell(d.Meaning))
}
