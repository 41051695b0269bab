package mount

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/bounded"
)

// ReadFile reads a file of at most limit bytes of a file system, read-only and without mounting it
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
	return bounded.ReadIn(root, name, limit)
}
