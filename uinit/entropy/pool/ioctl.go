package pool

import (
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// ioctlBytes calls ioctl(2) with the address of b; x/sys has no wrapper for this request.
func ioctlBytes(f *os.File, request uintptr, b []byte) error {
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, f.Fd(), request, uintptr(unsafe.Pointer(&b[0]))); errno != 0 {
		return errno
	}
	return nil
}
