package bounded

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// maxLinks bounds the links on one way, as the kernel does (MAXSYMLINKS in include/linux/namei.h).
const maxLinks = 40

// onTheWay opens a folder to go on from, for which nobody needs to be allowed to list it.
const onTheWay = unix.O_PATH | unix.O_DIRECTORY | unix.O_NOFOLLOW | unix.O_CLOEXEC

// Folder opens a folder, for as long as the caller wants: what is done by it, is done in this folder, whatever its name stands for
// later.
func Folder(path string) (*os.File, error) {
	fd, err := enter(path, nil)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), path), nil
}

// Make makes a folder where it is not there, and those it lies in, with a mode less the umask.
func Make(path string, mode os.FileMode) error {
	m := uint32(mode.Perm())
	fd, err := enter(path, &m)
	if err != nil {
		return err
	}
	return unix.Close(fd)
}

// Names lists a folder of at most limit entries, in no order.
func Names(path string, limit int) ([]string, error) {
	f, err := Folder(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var names []string
	for { // in parts: a folder may have more entries than fit into memory
		part, err := f.Readdirnames(min(limit+1, 1024))
		names = append(names, part...)
		switch {
		case len(names) > limit:
			return nil, refuse("%s has more than %d entries; accepted: fewer", path, limit)
		case len(part) == 0:
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return names, err
		}
	}
}

// parent opens the folder that a file lies in.
func parent(path string) (folder int, name string, err error) {
	path = filepath.Clean(path)
	folder, err = enter(filepath.Dir(path), nil)
	return folder, filepath.Base(path), err
}

// enter opens a folder step by step, and makes missing ones where it gets a mode. A link on the way is
// followed where it lies in the root file system and nobody but root can have put it there: it is the image's own, as /var/run is.
// Elsewhere it may lead from a disk that somebody prepared into the system, and is refused.
func enter(path string, mode *uint32) (int, error) {
	full, err := filepath.Abs(path)
	if err != nil {
		return -1, err
	}
	var root unix.Stat_t
	if err := unix.Stat("/", &root); err != nil {
		return -1, &os.PathError{Op: "looking at", Path: "/", Err: err}
	}
	bad := func(err error) (int, error) { return -1, &os.PathError{Op: "entering", Path: path, Err: err} }
	at, err := unix.Open("/", onTheWay, 0)
	if err != nil {
		return bad(err)
	}
	defer func() { unix.Close(at) }()
	rest := steps(full)
	for links := 0; len(rest) > 0; {
		name := rest[0]
		next, err := step(at, name, mode)
		if err == nil {
			unix.Close(at)
			at, rest = next, rest[1:]
			continue
		}
		var s unix.Stat_t
		if failed := unix.Fstatat(at, name, &s, unix.AT_SYMLINK_NOFOLLOW); failed != nil {
			return bad(err)
		}
		switch s.Mode & unix.S_IFMT {
		case unix.S_IFDIR:
			return bad(err)
		case unix.S_IFLNK:
		default:
			return -1, refuse("%s: %s is %s; accepted: a folder", path, name, kind(s.Mode))
		}
		if links++; links > maxLinks || !own(at, s, root.Dev) {
			return -1, refuse("%s: %s is a symbolic link; accepted: a folder", path, name)
		}
		target, err := readLink(at, name)
		if err != nil {
			return bad(err)
		}
		if strings.HasPrefix(target, "/") {
			unix.Close(at)
			if at, err = unix.Open("/", onTheWay, 0); err != nil {
				at = -1
				return bad(err)
			}
		}
		rest = append(steps(target), rest[1:]...)
	}
	folder, err := unix.Openat(at, ".", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return bad(err)
	}
	return folder, nil
}

// own says whether a link in a folder is the image's: nobody but root may have put it there.
func own(folder int, link unix.Stat_t, device uint64) bool {
	var s unix.Stat_t
	return unix.Fstat(folder, &s) == nil && s.Uid == 0 && s.Mode&0o022 == 0 && link.Uid == 0 && link.Dev == device
}

func steps(path string) []string {
	return strings.FieldsFunc(path, func(r rune) bool { return r == '/' })
}

// step opens a folder in a folder; a missing one is made where there is a mode.
func step(at int, name string, mode *uint32) (int, error) {
	next, err := unix.Openat(at, name, onTheWay, 0)
	if !errors.Is(err, unix.ENOENT) || mode == nil {
		return next, err
	}
	if err := unix.Mkdirat(at, name, *mode); err != nil && !errors.Is(err, unix.EEXIST) {
		return -1, err
	}
	return unix.Openat(at, name, onTheWay, 0)
}

func readLink(at int, name string) (string, error) {
	b := make([]byte, unix.PathMax)
	n, err := unix.Readlinkat(at, name, b)
	return string(b[:max(n, 0)]), err
}
