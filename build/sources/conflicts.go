package sources

import (
	"github.com/imgbuild/imgbuild/build/plan"
	"github.com/imgbuild/imgbuild/internal/profile"
)

// checkConflicts finds places in the image that two files want, before packages are unpacked; what is known only then the plan
// finds (plan.Make).
func checkConflicts(p *profile.Profile, overlays []plan.Overlay) profile.Problems {
	_, commands := Commands(p)
	found, err := plan.Conflicts(p, commands, overlays)
	if err != nil {
		return profile.Problems{{Pos: p.At(""), Msg: err.Error()}}
	}
	return found
}
