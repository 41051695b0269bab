// Package state judges directories for what must outlast a boot.
package state

import (
	"path"

	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// Check holds the value of a key to a directory in one of the machine's file systems that is not in memory and can be written to; ""
// is none, and fine.
func Check(j problem.Judge, m *spec.Machine, key, dir string) {
	switch at, row := under(m, dir); {
	case dir == "":
	case !path.IsAbs(dir) || path.Clean(dir) != dir:
		j.Bad(key, "%q is not an absolute path without . or .., such as /srv/state", dir)
	case !lasts(at, row):
		j.Rows("mount").Bad(key, "%s lies in memory and is gone after the boot; accepted: a directory in one of the profile's mounts", dir)
	case row.ReadOnly():
		j.Of(problem.JoinKey("mount", at)).Bad(key, "%s lies in %s, which is mounted read-only; accepted: a directory in a file system that can be written to", dir, at)
	}
}

// Lasts says whether Check finds nothing wrong with a directory that is named.
func Lasts(m *spec.Machine, dir string) bool {
	at, row := under(m, dir)
	return path.IsAbs(dir) && path.Clean(dir) == dir && lasts(at, row) && !row.ReadOnly()
}

// Mounted says whether a directory lies in a file system of the machine's that is on a disk.
func Mounted(m *spec.Machine, dir string) bool {
	return lasts(under(m, dir))
}

// ReadOnly is where a file system of the machine's is mounted that holds a file and can't be written to; "" where none is.
func ReadOnly(m *spec.Machine, file string) string {
	if at, row := under(m, file); at != "" && row.ReadOnly() {
		return at
	}
	return ""
}

// lasts says whether what under found is there at the next boot.
func lasts(at string, row spec.Mount) bool { return at != "" && row.Type != "tmpfs" }

// under is the mount that a directory lies in; "" where that is none of the machine's.
func under(m *spec.Machine, dir string) (at string, row spec.Mount) {
	for {
		if row, ok := m.Mount[dir]; ok {
			return dir, row
		}
		if dir == "/" || dir == "." || dir == "" { // one that is not absolute is told by itself
			return "", spec.Mount{}
		}
		dir = path.Dir(dir)
	}
}
