package plan

import (
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/build/tree"
	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/profile"
)

// checkMounts finds mounts that would hide what packages, the kernel or the profile itself bring: a program that is gone as soon as
// a disk is there. An overlay may have something for when the disk is missing.
func checkMounts(p *profile.Profile, files []tree.File) error {
	j := p.Judge().Of("packages")
	for _, at := range slices.Sorted(maps.Keys(p.Mount)) {
		below := strings.TrimPrefix(MergedUsr(at), "/") + "/"
		i := slices.IndexFunc(files, func(f tree.File) bool {
			return f.Mode.IsRegular() && f.From.Store != "overlay" && strings.HasPrefix(f.Path, below)
		})
		if i >= 0 {
			key := problem.JoinKey("mount", at)
			j.Bad(key, "would hide /%s (%s); accepted: a folder in which the image itself has nothing", files[i].Path, files[i].Why)
		}
	}
	return j.Found().Err()
}

// checkPrograms finds shells and services whose program is not in the image. What lies on a mounted file system is known
// to nobody here.
func checkPrograms(p *profile.Profile, t *tree.Tree) error {
	j := p.Judge().Of("packages", "image.commands", "image.overlays")
	want := func(key, program string) {
		if program == "" || strings.HasPrefix(program, "/usr/sbin/nologin") || mounted(p, program) {
			return
		}
		f, found := find(t, program, 40) // as many links as the kernel follows (MAXSYMLINKS)
		why := ""
		switch {
		case !found:
			why = "is not in the image"
		case !f.Mode.IsRegular() || f.Mode&0o111 == 0:
			why = "is in the image, and cannot be executed"
		default:
			return
		}
		j.Bad(key, "%s %s; accepted: a command of image.commands in /bin, a file of [packages.*] or one of an overlay", program, why)
	}
	for _, name := range slices.Sorted(maps.Keys(p.User)) {
		want(problem.JoinKey("user", name)+".shell", p.User[name].Shell)
	}
	for _, name := range slices.Sorted(maps.Keys(p.Service)) {
		if command := p.Service[name].Command; len(command) > 0 {
			want(problem.JoinKey("service", name)+".command", command[0])
		}
	}
	return j.Found().Sort().Err()
}

func mounted(p *profile.Profile, file string) bool {
	for dir := path.Dir(file); dir != "/" && dir != "."; dir = path.Dir(dir) {
		if _, ok := p.Mount[dir]; ok {
			return true
		}
	}
	return false
}

// find follows the links of the image, at most so many.
func find(t *tree.Tree, file string, links int) (tree.File, bool) {
	at, rest := "", strings.TrimPrefix(path.Clean(file), "/")
	for rest != "" {
		name, more, _ := strings.Cut(rest, "/")
		at, rest = path.Join(at, name), more
		f, ok := t.Lookup(at)
		switch {
		case !ok || links == 0:
			return f, false
		case f.Link != "":
			to := f.Link
			if !path.IsAbs(to) {
				to = path.Join("/", path.Dir(at), to)
			}
			return find(t, path.Join(to, rest), links-1)
		case rest == "":
			return f, true
		}
	}
	return tree.File{}, false
}
