package signature

import (
	"io"

	"github.com/imgbuild/imgbuild/internal/gptedit"
)

// covered says that a partition of the table on a device holds all of a range of bytes, which then is that partition's
// business. The table is read, not the kernel's list: while a disk comes up, the kernel may not have one yet. One that lists
// more than the device has need not be the device's: within says that it is that of what the device is a part of, and
// then it covers nothing here (so libblkid's blkid_probe_is_covered_by_pt).
func covered(r io.ReaderAt, size, from, to int64, within bool) bool {
	holds := false
	for _, p := range table(r, size) {
		if within && p.end > size {
			return false
		}
		holds = holds || p.start <= from && p.end >= to
	}
	return holds
}

// extent is where a partition lies, in bytes of its disk.
type extent struct{ start, end int64 }

// table returns the partitions that a GPT lists, or the four rows of an MBR; an extended one stands for those in it.
func table(r io.ReaderAt, size int64) (all []extent) {
	add := func(first, sectors int64) {
		if sectors > 0 {
			all = append(all, extent{first * gptedit.Sector, (first + sectors) * gptedit.Sector})
		}
	}
	if t, err := gptedit.Read(r); err == nil {
		for _, p := range t.Partitions() {
			add(p.First, p.Last-p.First+1)
		}
		return all
	}
	const protective = 0xee // for a GPT, which cannot be read then
	mbr, err := at(r, size, 0, 512)
	if err != nil || mbr == nil || mbr[510] != 0x55 || mbr[511] != 0xaa {
		return nil
	}
	for row := 446; row < 510; row += 16 {
		if kind := mbr[row+4]; kind != 0 && kind != protective {
			add(int64(little.Uint32(mbr[row+8:])), int64(little.Uint32(mbr[row+12:])))
		}
	}
	return all
}
