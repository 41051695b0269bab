package dev

import (
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Sys is the tree at /sys. Reading a file of it takes three system calls. Package os takes nine, because
// it would wait for files like these in its poller, and a boot reads hundreds.
func Sys() fs.FS { return newSysfs("/sys") }

// dirFS is what os.DirFS returns, as its documentation says.
type dirFS interface {
	fs.StatFS
	fs.ReadDirFS
	fs.ReadLinkFS
}

type sysfs struct {
	dirFS
	root string
}

func newSysfs(root string) sysfs { return sysfs{os.DirFS(root).(dirFS), root} }

// ReadFile reads a file. Attributes have up to a page.
func (s sysfs) ReadFile(name string) ([]byte, error) {
	bad := func(op string, err error) ([]byte, error) { return nil, &fs.PathError{Op: op, Path: name, Err: err} }
	if !fs.ValidPath(name) {
		return bad("open", fs.ErrInvalid)
	}
	fd, err := retry(func() (int, error) { return unix.Open(filepath.Join(s.root, name), unix.O_RDONLY|unix.O_CLOEXEC, 0) })
	if err != nil {
		return bad("open", err)
	}
	defer unix.Close(fd)
	var text []byte
	buf := make([]byte, 4096)
	for {
		n, err := retry(func() (int, error) { return unix.Read(fd, buf) })
		if err != nil {
			return bad("read", err)
		}
		text = append(text, buf[:n]...)
		if n < len(buf) {
			return text, nil
		}
	}
}

// retry goes on after signals, which Go's runtime sends to its own threads.
func retry(call func() (int, error)) (int, error) {
	for {
		n, err := call()
		if err != unix.EINTR {
			return n, err
		}
	}
}
