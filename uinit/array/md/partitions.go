package md

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/alone"
)

// DropPartitions takes the partitions of a disk that is a member out of the kernel, as mdadm does (remove_partitions in its
// util.c): they are the array's, where they come up again, and whoever used them on the disk would write to one copy
// only. On the disk nothing changes. The error is EBUSY, wrapped, where one is in use. A partition's name, or that of
// a disk without any, is left alone.
func DropPartitions(sys fs.FS, disk string) (dropped []string, err error) {
	parts := alone.Partitions(sys, disk)
	if len(parts) == 0 {
		return nil, nil
	}
	f, err := os.OpenFile("/dev/"+strings.ReplaceAll(disk, "!", "/"), os.O_RDONLY|unix.O_CLOEXEC, 0)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ENXIO) || errors.Is(err, unix.ENODEV) {
		return nil, nil // the disk is gone, and they with it
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var failed []error
	for _, part := range parts {
		number, err := strconv.Atoi(attribute(sys, part, "partition"))
		if err != nil {
			continue // gone already
		}
		// include/uapi/linux/blkpg.h
		p := unix.BlkpgPartition{Pno: int32(number)}
		arg := unix.BlkpgIoctlArg{Op: unix.BLKPG_DEL_PARTITION, Datalen: int32(unsafe.Sizeof(p)), Data: (*byte)(unsafe.Pointer(&p))}
		_, _, errno := unix.Syscall(unix.SYS_IOCTL, f.Fd(), unix.BLKPG, uintptr(unsafe.Pointer(&arg)))
		switch {
		case errno == 0:
			dropped = append(dropped, part)
		case errno != unix.ENXIO:
			failed = append(failed, fmt.Errorf("%s: %w", part, errno))
		}
	}
	return dropped, errors.Join(failed...)
}
