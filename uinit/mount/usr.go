package mount

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// usrTarget is where the image's own file system belongs.
const usrTarget = "/usr"

// AttachUsr mounts /usr from the squashfs in which the builder packed it, if the image has one and it is not mounted
// yet: in memory it stays compressed, and of it is read what is used. Files of /usr that lie in the initramfs
// beside it (a profile's overlay, or what somebody added to the archive later) are laid over it. load
// loads a module by its name out of a directory of modules: spec.EarlyDir, or the kernel's below root. tried says
// whether there was something to do.
func AttachUsr(load func(root, module string) error) (tried bool, err error) {
	if _, err := os.Stat(spec.UsrImage); errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if table, err := Mounts(); err != nil || table.At(usrTarget) != nil {
		return false, err // a second start of uinit finds the work of the first
	}
	if err := attachUsr(load); err != nil {
		return true, fmt.Errorf("mounting %s from %s: %w", usrTarget, spec.UsrImage, err)
	}
	return true, nil
}

func attachUsr(load func(root, module string) error) error {
	if err := errors.Join(load("", "loop"), load("", "squashfs")); err != nil {
		return err
	}
	image, err := os.Open(spec.UsrImage)
	if err != nil {
		return err
	}
	defer image.Close()
	device, err := OpenLoop(image, FirstLoop, false)
	if err != nil {
		return err
	}
	defer device.Close() // once it is mounted, the mount holds it
	if !hasFiles(usrTarget) {
		return mountImage(device.Name(), usrTarget)
	}
	lower := filepath.Join(spec.EarlyDir, "usr")
	if err := os.MkdirAll(lower, 0o755); err != nil {
		return err
	}
	if err := mountImage(device.Name(), lower); err != nil {
		return err
	}
	if err := load(spec.EarlyDir, "overlay"); err != nil { // rarely wanted, and so not in the room that every boot unpacks
		return err
	}
	// Without an upper directory: both are left as they are (Documentation/filesystems/overlayfs.rst).
	if err := unix.Mount("overlay", usrTarget, "overlay", unix.MS_RDONLY|unix.MS_NODEV, "lowerdir="+usrTarget+":"+lower); err != nil {
		return fmt.Errorf("laying the initramfs' own files over it: %w", err)
	}
	return nil
}

func mountImage(device, at string) error {
	if err := unix.Mount(device, at, "squashfs", unix.MS_RDONLY|unix.MS_NODEV, ""); err != nil {
		return fmt.Errorf("mounting %s on %s: %w", device, at, err)
	}
	return nil
}

// hasFiles says whether there is anything but directories below dir.
func hasFiles(dir string) bool {
	found := errors.New("found")
	return errors.Is(filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			return found
		}
		return nil
	}), found)
}
