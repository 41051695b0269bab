// Package direct reads and writes block devices past the page cache (O_DIRECT, open(2)): what a cache holds of a device
// that was in use may be old, and what is written must be on the disk when that is said.
package direct

import (
	"errors"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Block is the largest sector there is, in bytes: offsets, lengths and memory are multiples of it, or of the
// device's own sector where the device ends.
const Block = 4096

// Buffer returns n bytes where O_DIRECT can work: at a multiple of Block.
func Buffer(n int) []byte {
	b := make([]byte, n+Block)
	skip := -uintptr(unsafe.Pointer(&b[0])) & (Block - 1)
	return b[skip : int(skip)+n : int(skip)+n]
}

// Open opens a device with flags of open(2), O_DIRECT among them where that is possible: a file on tmpfs, for one, has
// nothing else than the cache.
func Open(name string, flags int) (*os.File, error) {
	flags |= unix.O_NONBLOCK | unix.O_CLOEXEC // without O_NONBLOCK an optical drive would pull in its tray
	f, err := os.OpenFile(name, flags|unix.O_DIRECT, 0)
	if errors.Is(err, unix.EINVAL) {
		f, err = os.OpenFile(name, flags, 0)
	}
	return f, err
}
