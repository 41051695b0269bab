package mount

import (
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// ReadFile reads at most limit bytes of a file of a file system, read-only and without mounting it
// anywhere: fsmount(2) gives a mount that is seen by nobody else and goes when it is closed. The
// error is os.ErrNotExist where there is no such file.
func ReadFile(device, kind, name string, limit int64) (text []byte, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("reading %s of %s: %w", name, device, err)
		}
	}()
	config, err := unix.Fsopen(kind, unix.FSOPEN_CLOEXEC)
	if err != nil {
		return nil, err
	}
	defer unix.Close(config)
	err = errors.Join(unix.FsconfigSetString(config, "source", device), unix.FsconfigSetFlag(config, "ro"))
	if err == nil {
		err = unix.FsconfigCreate(config)
	}
	if err != nil {
		return nil, err
	}
	root, err := unix.Fsmount(config, unix.FSMOUNT_CLOEXEC, unix.MOUNT_ATTR_RDONLY|unix.MOUNT_ATTR_NOSUID|unix.MOUNT_ATTR_NODEV|unix.MOUNT_ATTR_NOEXEC)
	if err != nil {
		return nil, err
	}
	defer unix.Close(root)
	fd, err := unix.Openat(root, name, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(fd), name)
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, errors.Join(err, errors.New("it is no file"))
	}
	return io.ReadAll(io.LimitReader(f, limit))
}
