package sources

import (
	"path"
	"slices"

	"github.com/imgbuild/imgbuild/build/plan"
	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/suggest"
)

// checkFiles finds programs and other files that keys name and nothing brings. What a
// package brings as a whole or by a glob is known only after unpacking; the plan
// finds that out (plan.Make).
func checkFiles(p *profile.Profile, overlays []plan.Overlay) profile.Problems {
	there := newBrought(p, overlays)
	j := p.Judge().Of("packages", "image.commands", "image.overlays")
	for _, f := range p.ImageFiles() {
		if slices.ContainsFunc(f.Places(), there.perhaps) || plan.Nobody(f) || f.Directory { // which directories there are is known with all files
			continue
		}
		meant := suggest.DidYouMean(path.Clean(f.Path), there.names())
		j.Bad(f.Key, "nothing brings %s%s; accepted: %s", f.Path, meant, plan.Brings(f))
	}
	return j.Found()
}
