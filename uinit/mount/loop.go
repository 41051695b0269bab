package mount

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// FirstLoop is the number of the loop device below /usr; features have the next ones. Lower numbers are for people and scripts.
const FirstLoop = 1000

// OpenLoop makes a block device of an open file, for reading unless it may write: the first one from a number on that nobody uses. It goes
// away with its last user: the file that is returned, and what is mounted from it (loop(4), include/uapi/linux/loop.h).
func OpenLoop(f *os.File, from int, write bool) (*os.File, error) {
	control, err := os.OpenFile("/dev/loop-control", os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	defer control.Close()
	const most = 1 << 20 // minor numbers have 20 bits
	for number := from; ; number++ {
		device, err := configure(control, f, number, write)
		if !errors.Is(err, unix.EBUSY) || number == most {
			return device, err
		}
	}
}

func configure(control, f *os.File, number int, write bool) (*os.File, error) {
	if err := unix.IoctlSetInt(int(control.Fd()), unix.LOOP_CTL_ADD, number); err != nil && !errors.Is(err, unix.EEXIST) {
		return nil, fmt.Errorf("adding a loop device: %w", err)
	}
	mode, flags := os.O_RDONLY, uint32(unix.LO_FLAGS_READ_ONLY|unix.LO_FLAGS_AUTOCLEAR)
	if write {
		mode, flags = os.O_RDWR, unix.LO_FLAGS_AUTOCLEAR
	}
	device, err := os.OpenFile(fmt.Sprintf("/dev/loop%d", number), mode, 0)
	if err != nil {
		return nil, err
	}
	config := unix.LoopConfig{Fd: uint32(f.Fd()), Info: unix.LoopInfo64{Flags: flags}}
	if err := unix.IoctlLoopConfigure(int(device.Fd()), &config); err != nil {
		device.Close()
		return nil, fmt.Errorf("setting up %s: %w", device.Name(), err)
	}
	return device, nil
}
