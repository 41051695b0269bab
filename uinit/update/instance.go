package update

import (
	"errors"
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// errOtherDisk says that a name has gone to another disk.
var errOtherDisk = errors.New("the disk that the box was started from was pulled, and another one has its name now; restart the box from its own")

// instance is the number that the kernel gave a disk as it came. One that comes later and gets the same name has another
// (BLKGETDISKSEQ of the kernel's include/uapi/linux/fs.h, since 5.15). It is 0 for a file.
func instance(f *os.File) uint64 {
	var n uint64
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, f.Fd(), unix.BLKGETDISKSEQ, uintptr(unsafe.Pointer(&n))); errno != 0 {
		return 0
	}
	return n
}

// sameDisk opens a partition, of the disk whose number is known and of no other.
func sameDisk(device string, want uint64, open func(name string) (*os.File, error)) (*os.File, error) {
	f, err := open(device)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("the disk that the box was started from is gone: %w", err)
	}
	if err != nil {
		return nil, err
	}
	if got := instance(f); got != want {
		f.Close()
		return nil, errOtherDisk
	}
	return f, nil
}
