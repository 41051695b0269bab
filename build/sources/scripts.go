package sources

import (
	"slices"

	"github.com/imgbuild/imgbuild/build/deb"
	"github.com/imgbuild/imgbuild/build/plan"
	"github.com/imgbuild/imgbuild/build/tree"
	"github.com/imgbuild/imgbuild/internal/profile"
)

// checkScripts finds scripts of overlays that a key has the box run, and whose interpreter nothing brings: at boot such a script "is not
// found", though it is there. A package's script brings its interpreter along.
func checkScripts(p *profile.Profile, overlays []plan.Overlay, open tree.Opener) profile.Problems {
	there, files := newBrought(p, overlays), byPath(overlays)
	j := p.Judge().Of("packages", "image.commands", "image.overlays")
	for _, want := range p.ImageFiles() {
		if !want.Program {
			continue
		}
		for _, at := range want.Places() {
			f, ok := files[plan.MergedUsr(at)]
			if !ok || !f.Mode.IsRegular() || f.Size > longestRead {
				continue
			}
			text, err := open.Read(f)
			by := profile.ImageFile{Path: deb.Interpreter(text), Program: true}
			if err == nil && by.Path != "" && !p.Elsewhere(by) && !slices.ContainsFunc(by.Places(), there.perhaps) {
				j.Bad(want.Key, "%s of overlay %q is a script for %s, which nothing brings; accepted: %s", at, f.From.Name, by.Path, plan.Brings(by))
			}
			break
		}
	}
	return j.Found()
}
