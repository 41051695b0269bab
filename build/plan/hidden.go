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

// checkFiles finds programs and other files that keys name and that are not in the image.
func checkFiles(p *profile.Profile, t *tree.Tree) error {
	j := p.Judge().Of("packages", "image.commands", "image.overlays")
	for _, want := range p.ImageFiles() {
		f, found := lookup(t, want)
		why := ""
		switch {
		case Nobody(want) || slices.ContainsFunc(want.Places(), func(at string) bool { return Uinits(MergedUsr(at)) }), want.Directory && (found || path.Clean(want.Path) == "/"):
			continue
		case !found:
			why = "is not in the image"
		case want.Program && (!f.Mode.IsRegular() || f.Mode&0o111 == 0):
			why = "is in the image, and cannot be executed"
		case !f.Mode.IsRegular():
			why = "is in the image, and is no file"
		default:
			continue
		}
		j.Bad(want.Key, "%s %s; accepted: %s", want.Path, why, Brings(want))
	}
	return j.Found().Sort().Err()
}

// Nobody says whether a program is the one that lets nobody in; it need not be there for that.
func Nobody(f profile.ImageFile) bool {
	return f.Program && strings.HasPrefix(f.Path, "/usr/sbin/nologin")
}

// Brings says what can bring a file into an image.
func Brings(f profile.ImageFile) string {
	if f.Instead != "" {
		return f.Instead
	}
	if f.Program {
		return "a command of image.commands in /bin, a file of [packages.*] or one of an overlay"
	}
	if f.Directory {
		return "a directory of an overlay in image.overlays, one below /run, which is made, or one below a mount of the profile"
	}
	return "a file of an overlay in image.overlays, one of [packages.*], or one below a mount of the profile"
}

// lookup finds the first that there is of the places where a file may lie.
func lookup(t *tree.Tree, want profile.ImageFile) (f tree.File, found bool) {
	for _, at := range want.Places() {
		if f, found = find(t, at, 40); found { // as many links as the kernel follows (MAXSYMLINKS)
			break
		}
	}
	return f, found
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
