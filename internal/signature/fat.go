package signature

import "bytes"

// fat finds FAT file systems, which have no magic worth the name: the numbers of the boot sector must make sense
// (Microsoft, "FAT: General Overview of On-Disk Format").
var fat = looking(func(r look, _ int64) []Found {
	b := r(0, 512)
	if !isFAT(b) {
		return nil
	}
	f := Found{Type: "vfat", Kind: Filesystem}
	for _, m := range []struct {
		at    int64
		label int // where the text before a magic lies
		magic string
	}{{82, 71, "MSWIN"}, {82, 71, "FAT32   "}, {54, 43, "MSDOS"}, {54, 43, "FAT16   "}, {54, 43, "FAT12   "}, {54, 43, "FAT     "}} {
		if bytes.HasPrefix(b[m.at:], []byte(m.magic)) {
			f.At = m.at
			if f.Name = text(b[m.label : m.label+11]); f.Name == "NO NAME" {
				f.Name = ""
			}
			break
		}
	}
	return []Found{f}
})

func isFAT(b []byte) bool {
	sector, cluster, media := le.Uint16(b[11:]), b[13], b[21]
	sectors := uint64(le.Uint16(b[19:]))
	if sectors == 0 {
		sectors = uint64(le.Uint32(b[32:]))
	}
	perFAT := uint64(le.Uint16(b[22:]))
	if perFAT == 0 {
		perFAT = uint64(le.Uint32(b[36:]))
	}
	reserved, fats := uint64(le.Uint16(b[14:])), uint64(b[16])
	return b[510] == 0x55 && b[511] == 0xaa && fats > 0 && reserved > 0 && (media >= 0xf8 || media == 0xf0) &&
		cluster > 0 && cluster&(cluster-1) == 0 && sector&(sector-1) == 0 && 512 <= sector && sector <= 4096 &&
		perFAT > 0 && sectors > reserved+fats*perFAT &&
		!bytes.HasPrefix(b[54:], []byte("JFS     ")) && !bytes.HasPrefix(b[54:], []byte("HPFS    ")) && !bitlocker(b)
}
