package cpio

import (
	"encoding/hex"
	"fmt"
	"io/fs"
)

// The newc format, as Documentation/driver-api/early-userspace/buffer-format.rst
// of the kernel and cpio(5) describe it: six bytes of magic, thirteen fields of
// eight hex digits, the name with its NUL, the content; name and content are
// each padded to a multiple of four.
const (
	magic         = "070701"
	magicChecksum = "070702"
	headerSize    = len(magic) + 13*8
	atNode        = len(magic) + 9*8 // where the numbers of a device node stand
	trailer       = "TRAILER!!!"
	// pathMax bounds a name with its NUL and a link's target. The kernel skips
	// what is longer without a word.
	pathMax = 4096
)

// header is one entry's as it is read, in the order of the format.
type header struct {
	ino, mode, uid, gid, nlink, mtime, size, devMajor, devMinor, major, minor, nameSize, check uint32
}

func (h *header) fields() [13]*uint32 {
	return [13]*uint32{&h.ino, &h.mode, &h.uid, &h.gid, &h.nlink, &h.mtime, &h.size,
		&h.devMajor, &h.devMinor, &h.major, &h.minor, &h.nameSize, &h.check}
}

// parse reads the fields that follow the magic.
func (h *header) parse(b []byte) error {
	for i, field := range h.fields() {
		var raw [4]byte
		if _, err := hex.Decode(raw[:], b[8*i:8*i+8]); err != nil {
			return fmt.Errorf("field %d of the header is %q, not eight hex digits", i+1, b[8*i:8*i+8])
		}
		*field = uint32(raw[0])<<24 | uint32(raw[1])<<16 | uint32(raw[2])<<8 | uint32(raw[3])
	}
	return nil
}

// File types and special bits in a cpio mode are those of stat(2).
var modeBits = []struct {
	mode fs.FileMode
	bits uint32
}{
	{fs.ModeDevice | fs.ModeCharDevice, 0o020000},
	{fs.ModeDevice, 0o060000},
	{fs.ModeDir, 0o040000},
	{fs.ModeSymlink, 0o120000},
	{fs.ModeNamedPipe, 0o010000},
	{fs.ModeSocket, 0o140000},
	{0, 0o100000},
}

func toBits(mode fs.FileMode) (uint32, error) {
	bits := uint32(mode.Perm())
	for special, bit := range specialBits {
		if mode&special != 0 {
			bits |= bit
		}
	}
	for _, m := range modeBits {
		if mode.Type() == m.mode {
			return bits | m.bits, nil
		}
	}
	return 0, fmt.Errorf("newc cannot hold a file of type %s", mode.Type())
}

func fromBits(bits uint32) fs.FileMode {
	mode := fs.FileMode(bits & 0o777)
	for special, bit := range specialBits {
		if bits&bit != 0 {
			mode |= special
		}
	}
	for _, m := range modeBits {
		if bits&0o170000 == m.bits {
			return mode | m.mode
		}
	}
	return mode | fs.ModeIrregular
}

var specialBits = map[fs.FileMode]uint32{
	fs.ModeSetuid: 0o4000, fs.ModeSetgid: 0o2000, fs.ModeSticky: 0o1000,
}

// padding is how many bytes complete n to a multiple of four.
func padding(n int64) int64 { return -n & 3 }
