package sources

import (
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/internal/suggest"

	"github.com/imgbuild/imgbuild/build/plan"
	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/profile"
)

// checkPrograms finds services and shells whose program nothing brings. What a
// package brings as a whole or by a glob is known only after unpacking; the plan
// finds that out (plan.Make).
func checkPrograms(p *profile.Profile, overlays []plan.Overlay) profile.Problems {
	have := map[string]bool{}
	_, commands := Commands(p)
	for _, c := range commands {
		have["/usr/bin/"+c] = true
	}
	for _, o := range overlays {
		for _, f := range o.Files {
			have[plan.MergedUsr("/"+f.Path)] = true
		}
	}
	open := false
	for _, pkg := range p.Packages {
		open = open || pkg.Whole
		for _, f := range pkg.Files {
			open = open || strings.ContainsAny(f, "*?[")
			have[plan.MergedUsr(f)] = true
		}
	}
	if open {
		return nil
	}
	j := p.Judge().Of("packages", "image.commands", "image.overlays")
	want := func(key, program string) {
		if program == "" || have[plan.MergedUsr(program)] || strings.HasPrefix(program, "/usr/sbin/nologin") {
			return
		}
		j.Bad(key, "nothing brings %s%s; accepted: a command of image.commands in /bin, a file of [packages.*] or one of an overlay",
			program, suggest.DidYouMean(path.Clean(program), slices.Sorted(maps.Keys(have))))
	}
	for _, name := range slices.Sorted(maps.Keys(p.Service)) {
		want(problem.JoinKey("service", name)+".command", p.Service[name].Command[0])
	}
	for _, name := range slices.Sorted(maps.Keys(p.User)) {
		want(problem.JoinKey("user", name)+".shell", p.User[name].Shell)
	}
	return j.Found()
}
