package bounded

import (
	"os"

	"golang.org/x/sys/unix"
)

// Secret is Read for what nobody else may know: a file that others may read, or that belongs to another account, is refused. What
// they have read by then would be a secret in name only, so nothing is mended here. On vfat modes are those of its mount.
func Secret(path string, limit int64) ([]byte, error) {
	f, err := Open(path, os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var s unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &s); err != nil {
		return nil, &os.PathError{Op: "looking at", Path: path, Err: err}
	}
	switch own := uint32(os.Geteuid()); {
	case s.Mode&0o077 != 0:
		return nil, refuse("%s may be read or written by others (mode %04o); accepted: %s", path, s.Mode&0o7777, closed(f))
	case s.Uid != own:
		return nil, refuse("%s belongs to account %d; accepted: account %d", path, s.Uid, own)
	}
	return ReadAll(f, limit)
}

// closed says how a file gets to be its owner's alone.
func closed(f *os.File) string {
	var s unix.Statfs_t
	if unix.Fstatfs(int(f.Fd()), &s) == nil && s.Type == unix.MSDOS_SUPER_MAGIC {
		return `the mount option "umask=0077", for vfat keeps no modes`
	}
	return "mode 0600"
}
