package mount

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// usrLoop is the number of the loop device below /usr: those that people and scripts name are left to them.
const usrLoop = 1000

// openLoop makes a block device of a file, for reading. It goes away with its last user: the file that is returned, and
// what is mounted from it (loop(4), include/uapi/linux/loop.h).
func openLoop(file string) (*os.File, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	control, err := os.OpenFile("/dev/loop-control", os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	defer control.Close()
	if err := unix.IoctlSetInt(int(control.Fd()), unix.LOOP_CTL_ADD, usrLoop); err != nil && !errors.Is(err, unix.EEXIST) {
		return nil, fmt.Errorf("adding a loop device: %w", err)
	}
	device, err := os.Open(fmt.Sprintf("/dev/loop%d", usrLoop))
	if err != nil {
		return nil, err
	}
	config := unix.LoopConfig{Fd: uint32(f.Fd()), Info: unix.LoopInfo64{Flags: unix.LO_FLAGS_READ_ONLY | unix.LO_FLAGS_AUTOCLEAR}}
	if err := unix.IoctlLoopConfigure(int(device.Fd()), &config); err != nil {
		device.Close()
		return nil, fmt.Errorf("setting up %s: %w", device.Name(), err)
	}
	return device, nil
}
