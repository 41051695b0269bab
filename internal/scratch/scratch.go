// Package scratch makes temporary directories that do not outlive who made them for long: one who
// is killed cannot remove his, so the next one who makes one in the same place does.
package scratch

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// prefix begins the names of all of them; with a dot, for they also lie beside what people look at.
const prefix = ".imgbuild-scratch-"

// Dir is a temporary directory. Its maker holds it flocked for as long as he lives.
type Dir struct {
	// Path is absolute where the parent's is.
	Path string
	held *os.File
}

// New makes a directory in parent, "" for the system's place of temporary files, after it has removed
// those of the dead there.
func New(parent string) (*Dir, error) {
	if parent == "" {
		parent = os.TempDir()
	}
	sweep(parent)
	for {
		path, err := os.MkdirTemp(parent, prefix)
		if err != nil {
			return nil, fmt.Errorf("making a temporary directory: %w", err)
		}
		held, err := os.Open(path)
		if errors.Is(err, os.ErrNotExist) {
			continue // swept before it was ours
		}
		if err != nil {
			return nil, fmt.Errorf("making a temporary directory: %w", err)
		}
		// Where directories cannot be flocked nobody sweeps, either.
		if flock(held) != unix.EWOULDBLOCK && isAt(held, path) {
			return &Dir{path, held}, nil
		}
		held.Close()
	}
}

// Join is a path in the directory.
func (d *Dir) Join(name string) string { return filepath.Join(d.Path, name) }

// Remove removes the directory with all that is in it. Once more does nothing.
func (d *Dir) Remove() error {
	err := os.RemoveAll(d.Path)
	if closed := d.held.Close(); !errors.Is(closed, os.ErrClosed) {
		err = errors.Join(err, closed)
	}
	return err
}

// sweep removes what the dead left in parent. It is an economy, so that its trouble is nobody's.
func sweep(parent string) {
	all, err := os.ReadDir(parent)
	if err != nil {
		return
	}
	for _, d := range all {
		if strings.HasPrefix(d.Name(), prefix) && d.IsDir() {
			sweepOne(filepath.Join(parent, d.Name()))
		}
	}
}

func sweepOne(path string) {
	// In /tmp there are other people's, too; root is not to judge of them.
	var st syscall.Stat_t
	if syscall.Lstat(path, &st) != nil || int(st.Uid) != os.Geteuid() {
		return
	}
	held, err := os.Open(path)
	if err != nil {
		return
	}
	defer held.Close()
	if flock(held) == nil && isAt(held, path) {
		_ = os.RemoveAll(path)
	}
}

// flock locks a directory unless somebody has it.
func flock(f *os.File) error {
	for {
		if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != unix.EINTR {
			return err
		}
	}
}

func isAt(f *os.File, path string) bool {
	mine, err := f.Stat()
	if err != nil {
		return false
	}
	there, err := os.Lstat(path)
	return err == nil && os.SameFile(mine, there)
}
