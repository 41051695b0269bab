package mount

import (
	"encoding/binary"
	"fmt"
	"io"
	"os"
)

// memberOfArray says whether a device carries the superblock of an md array (include/uapi/linux/raid/md_p.h).
// Where that lies at the device's end, the file system looks whole on each member; mounting one bare makes
// the copies differ, and nobody would know which to believe.
func memberOfArray(f io.ReaderAt) bool {
	n := size(f) / 512
	if n < 256 {
		return false
	}
	for _, sector := range []int64{8, 0, (n - 16) &^ 7, n&^127 - 128} {
		if b := read(f, sector*512, 8); b != nil && binary.LittleEndian.Uint32(b) == 0xa92b4efc && binary.LittleEndian.Uint32(b[4:]) <= 1 {
			return true
		}
	}
	return false
}

// size is that of a device or an image, in bytes; 0 where it cannot be told.
func size(f io.ReaderAt) int64 {
	s, ok := f.(io.Seeker)
	if !ok {
		return 0
	}
	n, err := s.Seek(0, io.SeekEnd)
	if err != nil {
		return 0
	}
	return n
}

// bare refuses a device that a profile names by its path and that belongs to an array.
func bare(name, device string) error {
	f, err := openReadOnly(device)
	if err != nil {
		return nil // mount(2) says it better
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || info.Mode()&os.ModeDevice == 0 {
		return nil
	}
	if memberOfArray(f) {
		return fmt.Errorf("%s carries the superblock of an array and is not mounted by itself; accepted: source = \"array:NAME\", or \"mdadm --zero-superblock %s\" where it belongs to none any more", name, device)
	}
	return nil
}
