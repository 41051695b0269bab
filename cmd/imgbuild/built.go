package main

import (
	"fmt"
	"strings"

	"golang.org/x/term"

	"github.com/imgbuild/imgbuild/build"
	"github.com/imgbuild/imgbuild/build/media"
	"github.com/imgbuild/imgbuild/internal/profile"
)

// tellBuilt prints the artifacts' paths, on a terminal with their sizes, and what one does next with them. name is what the person
// called the profile.
func (a *app) tellBuilt(p *profile.Profile, name string, made []build.Artifact) {
	wide := 0
	for _, m := range made {
		wide = max(wide, len(m.Path))
	}
	for _, m := range made {
		if a.terminal != nil && term.IsTerminal(int(a.terminal.Fd())) {
			fmt.Fprintf(a.stdout, "%-*s %9s\n", wide, m.Path, megabytes(m.Size))
			continue
		}
		fmt.Fprintln(a.stdout, m.Path)
	}
	if next := nextSteps(p, name, made); !a.quiet && len(next) > 0 {
		fmt.Fprintf(a.stderr, "next: %s\n", strings.Join(next, "\n      "))
	}
}

// megabytes is a size as people compare it with a stick's.
func megabytes(n int64) string {
	if n < 1e5 {
		return fmt.Sprintf("%.1f kB", float64(n)/1e3)
	}
	return fmt.Sprintf("%.1f MB", float64(n)/1e6)
}

// nextSteps are commands that do something with what was built.
func nextSteps(p *profile.Profile, name string, made []build.Artifact) (next []string) {
	next = append(next, "imgbuild run "+name)
	if len(p.Check) > 0 {
		next = append(next, "imgbuild test "+name)
	}
	for _, m := range made {
		if isUpdate(m.Name) {
			next = append(next, "imgbuild sign "+m.Path+" --key KEY")
		}
		for _, f := range []profile.Format{profile.FormatDisk, profile.FormatISO} {
			if p.Writes(f) && m.Name == media.Name(p, f) {
				next = append(next, "imgbuild flash "+m.Path)
			}
		}
	}
	return next
}
