// Package state judges directories for what must outlast a boot.
package state

import (
	"path"

	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// Check holds the value of a key to a directory in one of the machine's file systems that is not in memory; "" is none,
// and fine.
func Check(j problem.Judge, m *spec.Machine, key, dir string) {
	switch {
	case dir == "":
	case !path.IsAbs(dir) || path.Clean(dir) != dir:
		j.Bad(key, "%q is not an absolute path without . or .., such as /srv/state", dir)
	case !Mounted(m, dir):
		j.Rows("mount").Bad(key, "%s lies in memory and is gone after the boot; accepted: a directory in one of the profile's mounts", dir)
	}
}

// Lasts says whether Check finds nothing wrong with a directory that is named.
func Lasts(m *spec.Machine, dir string) bool {
	return path.IsAbs(dir) && path.Clean(dir) == dir && Mounted(m, dir)
}

// Mounted says whether a directory lies in a file system of the machine's that is on a disk.
func Mounted(m *spec.Machine, dir string) bool {
	for {
		if row, ok := m.Mount[dir]; ok {
			return row.Type != "tmpfs"
		}
		if dir == "/" || dir == "." { // one that is not absolute is told by itself
			return false
		}
		dir = path.Dir(dir)
	}
}
