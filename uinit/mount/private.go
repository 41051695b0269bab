package mount

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Private gives the root folder of a file system, read-only and without mounting it anywhere: fsmount(2) gives a mount
// that is seen by nobody else and goes when the folder is closed.
func Private(device, kind string) (root *os.File, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("reading %s: %w", device, err)
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
	mounted, err := unix.Fsmount(config, unix.FSMOUNT_CLOEXEC, unix.MOUNT_ATTR_RDONLY|unix.MOUNT_ATTR_NOSUID|unix.MOUNT_ATTR_NODEV|unix.MOUNT_ATTR_NOEXEC)
	if err != nil {
		return nil, err
	}
	defer unix.Close(mounted)
	folder, err := unix.Openat(mounted, ".", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(folder), device), nil
}
