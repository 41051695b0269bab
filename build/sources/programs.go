package sources

import (
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/internal/suggest"

	"github.com/imgbuild/imgbuild/build/plan"
	"github.com/imgbuild/imgbuild/internal/profile"
)

// checkFiles finds programs and other files that keys name and nothing brings. What a
// package brings as a whole or by a glob is known only after unpacking; the plan
// finds that out (plan.Make).
func checkFiles(p *profile.Profile, overlays []plan.Overlay) profile.Problems {
	have := map[string]bool{}
	_, commands := Commands(p)
	for _, c := range commands {
		have["/usr/bin/"+c] = true
	}
	var patterns []string // of what may be there
	for _, o := range overlays {
		for _, f := range o.Files {
			if f.Link != "" { // to a directory, perhaps
				patterns = append(patterns, plan.MergedUsr("/"+f.Path)+"/**")
			}
			have[plan.MergedUsr("/"+f.Path)] = true
		}
	}
	open := false
	for _, pkg := range p.Packages {
		open = open || pkg.Whole
		for _, f := range pkg.Files {
			if strings.ContainsAny(f, "*?[") {
				patterns = append(patterns, plan.MergedUsr(f))
				continue
			}
			have[plan.MergedUsr(f)] = true
		}
	}
	if open {
		return nil
	}
	j := p.Judge().Of("packages", "image.commands", "image.overlays")
	for _, f := range p.ImageFiles() {
		perhaps := slices.ContainsFunc(patterns, func(pattern string) bool {
			return profile.MatchMode(pattern, plan.MergedUsr(f.Path))
		})
		if have[plan.MergedUsr(f.Path)] || perhaps || plan.Nobody(f) {
			continue
		}
		meant := suggest.DidYouMean(path.Clean(f.Path), slices.Sorted(maps.Keys(have)))
		j.Bad(f.Key, "nothing brings %s%s; accepted: %s", f.Path, meant, plan.Brings(f))
	}
	return j.Found()
}
