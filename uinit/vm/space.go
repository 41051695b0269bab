package vm

import (
	"fmt"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/uinit/ctl"
)

// space is what is left where a guest's disk lies, in bytes.
type space struct {
	// At is the root of the file system, or the disk itself where that is a device: nobody can say what is behind it.
	At          string
	Free, Total int64
	// Err says why that is not known of a file.
	Err error
}

// spaceOf looks where a disk lies. What is kept for root is not free for QEMU (statfs(2), f_bavail).
func spaceOf(file string) space {
	if strings.HasPrefix(file, "/dev/") {
		return space{At: file}
	}
	var s unix.Statfs_t
	if err := unix.Statfs(file, &s); err != nil {
		return space{At: file, Err: err}
	}
	return space{At: rootOf(file), Free: int64(s.Bavail) * s.Bsize, Total: int64(s.Blocks) * s.Bsize}
}

// rootOf is the topmost directory above a file that is on the same device.
func rootOf(file string) string {
	var on unix.Stat_t
	if unix.Lstat(file, &on) != nil {
		return file
	}
	for {
		var above unix.Stat_t
		parent := filepath.Dir(file)
		if parent == file || unix.Lstat(parent, &above) != nil || above.Dev != on.Dev {
			return file
		}
		file = parent
	}
}

// Wanted is how much must be free before a guest goes on: a fiftieth, at least 1 MiB and at most 256 MiB. With less it would
// be paused again at once.
func (s space) Wanted() int64 { return min(max(s.Total/50, 1<<20), 256<<20) }

// Enough says whether a guest may go on. Whether a device has room again, only trying shows.
func (s space) Enough() bool { return s.Err == nil && (s.Total == 0 || s.Free >= s.Wanted()) }

// String says what is lacking, and what would do.
func (s space) String() string {
	switch {
	case s.Err != nil:
		return fmt.Sprintf("no space on %s: %v", s.At, s.Err)
	case s.Total == 0:
		return "no space on " + s.At
	}
	return fmt.Sprintf("no space on %s: %s of %s free; it goes on at %s", s.At, ctl.Bytes(s.Free), ctl.Bytes(s.Total), ctl.Bytes(s.Wanted()))
}
