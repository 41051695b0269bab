// Package bounded reads and writes where others can write: on mounted file systems, whose content comes from whoever had the
// disk before, from clients of shares, from a copy; on the ESP; below accounts' homes. What is found there may be
// anything: a file that is larger than the memory, a pipe that keeps its reader for ever, a link to a
// watchdog, which resets the machine once it was opened. So nothing but a regular file is opened, nothing beyond a limit is read,
// and links do not count, but those of the image's own file system (enter). Errors say what there is and
// what is accepted.
package bounded

import (
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// Refusal is the error that says what was found and is not taken, in place of a file that could be.
type Refusal string

func (r Refusal) Error() string { return string(r) }

func refuse(format string, args ...any) Refusal { return Refusal(fmt.Sprintf(format, args...)) }

// Read returns the content of a regular file of at most limit bytes. The error is os.ErrNotExist where there is
// nothing of that name.
func Read(path string, limit int64) ([]byte, error) {
	f, err := Open(path, os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return ReadAll(f, limit)
}

// ReadIn is Read for a file in a folder that is open.
func ReadIn(folder int, name string, limit int64) ([]byte, error) {
	f, err := openIn(folder, name, name, os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return ReadAll(f, limit)
}

// Open opens a regular file; flag is os.O_RDONLY, os.O_WRONLY or os.O_RDWR.
func Open(path string, flag int) (*os.File, error) {
	folder, name, err := parent(path)
	if err != nil {
		return nil, err
	}
	defer unix.Close(folder)
	return openIn(folder, name, path, flag)
}

func openIn(folder int, name, path string, flag int) (*os.File, error) {
	// This opens nothing yet: devices act when they are opened.
	look, err := unix.Openat(folder, name, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &os.PathError{Op: "opening", Path: path, Err: err}
	}
	defer unix.Close(look)
	var s unix.Stat_t
	if err := unix.Fstat(look, &s); err != nil {
		return nil, &os.PathError{Op: "looking at", Path: path, Err: err}
	}
	if s.Mode&unix.S_IFMT != unix.S_IFREG {
		return nil, refuse("%s is %s; accepted: a regular file", path, kind(s.Mode))
	}
	// The very file that was looked at, whatever its name stands for by now.
	fd, err := unix.Open(fmt.Sprintf("/proc/self/fd/%d", look), flag|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if errors.Is(err, unix.ENOENT) {
		return nil, fmt.Errorf("opening %s: /proc is not mounted", path)
	}
	if err != nil {
		return nil, &os.PathError{Op: "opening", Path: path, Err: err}
	}
	return os.NewFile(uintptr(fd), path), nil
}

// ReadAll is Read for a file that Open returned. It goes by what it reads, too: the size of a file may change while it is read.
func ReadAll(f *os.File, limit int64) ([]byte, error) {
	size := int64(0)
	if info, err := f.Stat(); err == nil {
		size = info.Size()
	}
	var text []byte
	if size <= limit {
		var err error
		if text, err = io.ReadAll(io.LimitReader(f, limit+1)); err != nil {
			return nil, err
		}
		size = int64(len(text))
	}
	if size > limit {
		return nil, refuse("%s has %d bytes; accepted: at most %d", f.Name(), size, limit)
	}
	return text, nil
}

// kind names what a mode says that something is, for messages.
func kind(mode uint32) string {
	switch mode & unix.S_IFMT {
	case unix.S_IFLNK:
		return "a symbolic link"
	case unix.S_IFIFO:
		return "a named pipe"
	case unix.S_IFSOCK:
		return "a socket"
	case unix.S_IFCHR:
		return "a character device"
	case unix.S_IFBLK:
		return "a block device"
	case unix.S_IFDIR:
		return "a folder"
	case unix.S_IFREG:
		return "a regular file"
	}
	return fmt.Sprintf("of no known kind (mode %o)", mode)
}
