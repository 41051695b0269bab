package signature

import "github.com/imgbuild/imgbuild/internal/gptedit"

// tables are partition tables.
var tables = []probe{
	looking(gpt), looking(mbr),
	marks(Partitions, []mark{
		{name: "mac", magic: "ER", valid: func(r look) bool {
			n := int64(be.Uint16(r(2, 2)))
			map1 := string(r(n, 2))
			return n >= 512 && (map1 == "PM" || map1 == "TS")
		}},
		{name: "sgi", magic: "\x0b\xe5\xa9\x41", valid: func(r look) (zero bool) {
			var sum uint32
			for b := r(0, 512); len(b) > 0; b = b[4:] {
				sum += be.Uint32(b)
			}
			return sum == 0
		}},
		{name: "sun", at: 508, magic: "\xda\xbe", valid: func(r look) bool {
			var sum uint16
			for b := r(0, 512); len(b) > 0; b = b[2:] {
				sum ^= be.Uint16(b)
			}
			return sum == 0
		}},
		{name: "aix", magic: "\xc9\xc2\xd4\xc1"},
		{name: "bsd", at: 512, magic: "\x57\x45\x56\x82"},
		{name: "bsd", at: 64, magic: "\x57\x45\x56\x82"},
		{name: "bsd", at: 128, magic: "\x57\x45\x56\x82"},
	}),
}

// gpt finds the first table and the one at the end, each for sectors of 512 and of 4096 bytes (UEFI specification, 5.3).
// Either is enough to have the partitions back.
func gpt(r look, size int64) (found []Found) {
	for _, sector := range []int64{512, 4096} {
		for _, lba := range []int64{1, size/sector - 1} {
			if !gptedit.IsHeader(r(lba*sector, 512), lba) {
				continue
			}
			f := Found{Type: "gpt", Kind: Partitions, At: lba * sector}
			if lba > 1 {
				f.Part = "second table"
			}
			found = append(found, f)
		}
	}
	return found
}

// mbr finds the table of PCs, and the one that protects a GPT from those who know no other. A boot sector of a file system ends
// with the same two bytes.
func mbr(r look, _ int64) []Found {
	b := r(0, 512)
	if b[510] != 0x55 || b[511] != 0xaa {
		return nil
	}
	f, empty := Found{Type: "dos", Kind: Partitions, At: 510}, true
	for row := b[446:510]; len(row) > 0; row = row[16:] {
		switch {
		case row[4] == 0xee:
			f.Type = "PMBR"
		case row[0]&0x7f != 0 && f.Type != "PMBR":
			return nil
		}
		empty = empty && le.Uint32(row[12:]) == 0
	}
	boot := isFAT(b) || string(b[3:11]) == "NTFS    " || string(b[3:11]) == "EXFAT   " || bitlocker(b)
	lvm := empty && (label(512)(r) || label(0)(r) || label(1024)(r) || label(1536)(r))
	if f.Type == "dos" && (boot || lvm) {
		return nil
	}
	return []Found{f}
}
