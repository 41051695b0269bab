package plan

import (
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/profile"
)

// CheckSFTP finds directories of accounts that get SFTP alone, or such that they lie in, that somebody else than root could write to: who
// can could put another in its place, and the SSH server would let nobody in. What lies on a file system is not known.
func CheckSFTP(j problem.Judge, p *profile.Profile) {
	dirs := Directories(p)
	for _, name := range slices.Sorted(maps.Keys(p.User)) {
		key := problem.JoinKey("user", name) + ".sftp_only"
		for dir := p.User[name].SFTPOnly; path.IsAbs(dir) && dir != "/"; dir = path.Dir(dir) {
			m, mounted := p.Mount[dir]
			if mounted && m.Type == "tmpfs" && !slices.ContainsFunc(m.Options, func(o string) bool { return strings.Contains(o, "mode=") }) {
				j.Of("mount").Bad(key, "a tmpfs is mounted at %s, to which everybody may write; accepted: options = [\"mode=0755\"] there, or another directory", dir)
			}
			if onMount(p, dir) {
				continue
			}
			d, known := dirs[dir]
			switch {
			case known && d.UID != 0:
				j.Bad(key, "%s is the %s, which could put another directory in its place; accepted: a directory that is root's, and lies in such alone; the account may have its home below it", dir, d.Why)
			case known && d.Mode&0o022 != 0:
				j.Bad(key, "everybody may write to %s; accepted: a directory that is root's, and lies in such alone", dir)
			}
		}
	}
}

// onMount says whether what the image has there is hidden by a file system.
func onMount(p *profile.Profile, dir string) bool {
	for d := dir; d != "/"; d = path.Dir(d) {
		if _, mounted := p.Mount[d]; mounted {
			return true
		}
	}
	return false
}
