package container

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/mount"
)

// fill takes all the space of a root's file: whoever makes a file system gives back what that does not use yet.
func (one *container) fill() error {
	if one.cfg.Root.VolumeGroup() != "" {
		return nil
	}
	f, err := os.OpenFile(one.cfg.Root.Path, os.O_RDWR|unix.O_NOFOLLOW, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err == nil {
		err = unix.Fallocate(int(f.Fd()), 0, 0, info.Size())
	}
	if err != nil {
		return fmt.Errorf("taking the space of its root %s: %w", one.cfg.Root.Path, err)
	}
	return nil
}

// openFile makes a device of a root's file, and the file where there is none: all of it, so that no neighbour can take its space. No link
// leads to it: the directory may lie in what another container can write to.
func openFile(m *spec.Machine, root spec.ContainerRoot) (*os.File, error) {
	dir, err := openVolume(m, filepath.Dir(root.Path))
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	path := fmt.Sprintf("/proc/self/fd/%d/%s", dir.Fd(), filepath.Base(root.Path))
	f, err := os.OpenFile(path, os.O_RDWR|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if errors.Is(err, fs.ErrNotExist) {
		f, err = makeFile(path, int64(root.Size))
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return mount.OpenLoop(f, mount.FirstLoop+1, true)
}

// makeFile takes the space under another name first: a file that has its name is whole.
func makeFile(path string, size int64) (f *os.File, err error) {
	f, err = os.OpenFile(path+".new", os.O_RDWR|os.O_CREATE|os.O_TRUNC|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0o600)
	if err != nil {
		return nil, err
	}
	if err = unix.Fallocate(int(f.Fd()), 0, 0, size); err == nil {
		err = errors.Join(f.Sync(), os.Rename(path+".new", path))
	}
	if err != nil {
		f.Close()
		return nil, errors.Join(err, os.Remove(path+".new"))
	}
	return f, nil
}
