package signature

import (
	"bytes"
	"encoding/binary"
	"io"
)

var raids = []probe{md}

// md finds the superblocks of Linux's own arrays (include/uapi/linux/raid/md_p.h): versions 1.2, 1.1, 1.0 and 0.90.
func md(r io.ReaderAt, size int64) ([]Found, error) {
	const magic, nameAt, nameSize, superOffset = 0xa92b4efc, 32, 32, 144
	sectors := size / 512
	var found []Found
	for _, p := range []struct{ major, sector int64 }{{1, 8}, {1, 0}, {1, (sectors - 16) &^ 7}, {0, sectors&^127 - 128}} {
		b, err := at(r, size, p.sector*512, 256)
		if err != nil {
			return found, err
		}
		if b == nil || binary.LittleEndian.Uint32(b) != magic || int64(binary.LittleEndian.Uint32(b[4:])) != p.major {
			continue
		}
		f := Found{Type: "linux_raid_member", Kind: RAID, At: p.sector * 512}
		if p.major == 1 {
			if binary.LittleEndian.Uint64(b[superOffset:]) != uint64(p.sector) { // where it says that it lies
				continue
			}
			name, _, _ := bytes.Cut(b[nameAt:nameAt+nameSize], []byte{0})
			f.Name = string(name)
		}
		found = append(found, f)
	}
	return found, nil
}
