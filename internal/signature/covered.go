package signature

import (
	"io"

	"github.com/imgbuild/imgbuild/internal/gptedit"
)

// covered says that a partition of the table on a device holds all of a range of bytes, which then is that partition's
// business. The table is read, not the kernel's list: while a disk comes up, the kernel may not have one yet.
func covered(r io.ReaderAt, size, from, to int64) bool {
	within := func(first, sectors int64) bool {
		return sectors > 0 && first*gptedit.Sector <= from && (first+sectors)*gptedit.Sector >= to
	}
	if t, err := gptedit.Read(r); err == nil {
		for _, p := range t.Partitions() {
			if within(p.First, p.Last-p.First+1) {
				return true
			}
		}
		return false
	}
	const protective = 0xee // for a GPT, which cannot be read then
	mbr, err := at(r, size, 0, 512)
	if err != nil || mbr == nil || mbr[510] != 0x55 || mbr[511] != 0xaa {
		return false
	}
	for row := 446; row < 510; row += 16 { // an extended one stands for those in it
		if kind := mbr[row+4]; kind != 0 && kind != protective && within(int64(little.Uint32(mbr[row+8:])), int64(little.Uint32(mbr[row+12:]))) {
			return true
		}
	}
	return false
}
