package gobin

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// sourceDir is a directory as a file system, for who reads hundreds of small files of it. Opening a file through os has the
// runtime try to poll it, which no regular file can be: six system calls of ten, and most of what a warm build spends on source.
type sourceDir struct {
	path string
	buf  []byte // what read reads into
}

func newSourceDir(path string) *sourceDir { return &sourceDir{path, make([]byte, 128<<10)} }

// Open implements fs.FS.
func (s *sourceDir) Open(name string) (fs.File, error) { return os.DirFS(s.path).Open(name) }

// ReadDir implements fs.ReadDirFS.
func (s *sourceDir) ReadDir(name string) ([]fs.DirEntry, error) {
	fd, err := s.open(name)
	if err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(fd), name)
	defer f.Close()
	entries, err := f.ReadDir(-1)
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return entries, err
}

// read returns a file's content, which is valid until the next call.
func (s *sourceDir) read(name string) ([]byte, error) {
	fd, err := s.open(name)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	for n := 0; ; {
		got, err := again(func() (int, error) { return unix.Read(fd, s.buf[n:]) })
		if err != nil {
			return nil, &fs.PathError{Op: "read", Path: name, Err: err}
		}
		if got == 0 {
			return s.buf[:n], nil
		}
		if n += got; n == len(s.buf) {
			s.buf = slices.Grow(s.buf, n)[:2*n]
		}
	}
}

func (s *sourceDir) open(name string) (int, error) {
	if !fs.ValidPath(name) {
		return 0, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	fd, err := again(func() (int, error) { return unix.Open(filepath.Join(s.path, name), unix.O_RDONLY|unix.O_CLOEXEC, 0) })
	if err != nil {
		return 0, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	return fd, nil
}

// again repeats a system call that a signal came in the way of: those of network file systems may be.
func again(call func() (int, error)) (int, error) {
	for {
		if n, err := call(); !errors.Is(err, unix.EINTR) {
			return n, err
		}
	}
}
