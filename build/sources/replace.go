package sources

import (
	"path"
	"slices"

	"github.com/imgbuild/imgbuild/build/plan"
	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/suggest"
)

// checkReplace finds words of image.replace that let no file take another's place.
func checkReplace(p *profile.Profile, overlays []plan.Overlay) profile.Problems {
	var files []string
	for _, o := range overlays {
		for _, f := range o.Files {
			files = append(files, plan.MergedUsr("/"+f.Path))
		}
	}
	j := p.Judge()
	for i, name := range p.Image.Replace {
		key := problem.JoinIndex("image.replace", i)
		switch {
		case !path.IsAbs(name) || path.Clean(name) != name:
			j.Bad(key, "%q is not the path of a file in the image; accepted: an absolute one, such as /etc/motd", name)
		case !slices.Contains(files, plan.MergedUsr(name)):
			j.Of("image.overlays").Bad(key, "no overlay brings %s%s; accepted: a file of an overlay in image.overlays", name, suggest.DidYouMean(plan.MergedUsr(name), files))
		}
	}
	return j.Found()
}
