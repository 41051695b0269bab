package sources

import (
	"maps"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/build/plan"
	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// brought are the files that an image will have, as far as that is known before packages are unpacked.
type brought struct {
	have     map[string]bool // by absolute path, /usr merged
	patterns []string        // of what may be there
	open     bool            // a package comes as a whole
}

func newBrought(p *profile.Profile, overlays []plan.Overlay) brought {
	b := brought{have: map[string]bool{}}
	_, commands := Commands(p)
	for _, c := range commands {
		b.have["/usr/bin/"+c.Name] = true
	}
	for _, o := range overlays {
		for _, f := range o.Files {
			if f.Link != "" { // to a directory, perhaps
				b.patterns = append(b.patterns, plan.MergedUsr("/"+f.Path)+"/**")
			}
			b.have[plan.MergedUsr("/"+f.Path)] = true
		}
	}
	for _, pkg := range packages(p) {
		b.open = b.open || pkg.Whole
		for _, f := range pkg.Files {
			if strings.HasPrefix(f, "/"+authoritiesFolder) { // of which one file is made
				b.have[spec.Authorities] = true
			}
			if strings.ContainsAny(f, "*?[") {
				b.patterns = append(b.patterns, plan.MergedUsr(f))
				continue
			}
			b.have[plan.MergedUsr(f)] = true
		}
	}
	return b
}

// perhaps says whether a file is there, or may be.
func (b brought) perhaps(file string) bool {
	return b.open || plan.Uinits(plan.MergedUsr(file)) || b.have[plan.MergedUsr(file)] ||
		slices.ContainsFunc(b.patterns, func(pattern string) bool { return profile.MatchMode(pattern, plan.MergedUsr(file)) })
}

func (b brought) names() []string { return slices.Sorted(maps.Keys(b.have)) }
