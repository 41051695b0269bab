package fat

import (
	"bytes"

	"github.com/imgbuild/imgbuild/build/extent"
)

// placeBoot writes the boot sector, and FAT32's information sector and the copies of
// both.
func (g geometry) placeBoot(m *extent.Image, id uint32, label [labelSize]byte, c *chains) {
	boot := g.bootSector(id, label)
	m.Place(0, bytes.NewReader(boot))
	if g.fat32 {
		info := infoSector(c)
		m.Place(1*sector, bytes.NewReader(info))
		m.Place(backupBoot*sector, bytes.NewReader(boot))
		m.Place((backupBoot+1)*sector, bytes.NewReader(info))
	}
}

func (g geometry) bootSector(id uint32, label [labelSize]byte) []byte {
	b := make([]byte, sector)
	// The name of no system but the one whose name old drivers look for.
	copy(b[3:], "MSWIN4.1")
	le.PutUint16(b[11:], sector)
	b[13] = byte(g.cluster)
	le.PutUint16(b[14:], uint16(g.reserved))
	b[16] = 2 // tables
	b[21] = mediaFixed
	le.PutUint16(b[24:], 63)  // sectors of a track and
	le.PutUint16(b[26:], 255) // heads, as all disks claim to have
	if g.total < 1<<16 {
		le.PutUint16(b[19:], uint16(g.total))
	} else {
		le.PutUint32(b[32:], uint32(g.total))
	}
	extended, kind := 36, "FAT16   "
	if g.fat32 {
		extended, kind = 64, "FAT32   "
		le.PutUint32(b[36:], uint32(g.table))
		le.PutUint32(b[44:], firstNumber) // the root directory's cluster
		le.PutUint16(b[48:], 1)           // the information sector
		le.PutUint16(b[50:], backupBoot)
	} else {
		le.PutUint16(b[17:], rootEntries)
		le.PutUint16(b[22:], uint16(g.table))
	}
	e := b[extended:]
	e[0] = 0x80 // the first fixed disk
	e[2] = 0x29 // what follows is there
	le.PutUint32(e[3:], id)
	copy(e[7:], label[:])
	copy(e[18:], kind)
	// A BIOS that starts from here is told to try the next disk (int 0x18) and, if it
	// comes back, halted.
	copy(e[26:], []byte{0xcd, 0x18, 0xf4, 0xeb, 0xfd})
	copy(b, []byte{0xeb, byte(extended + 26 - 2), 0x90})
	b[510], b[511] = 0x55, 0xaa
	return b
}

// infoSector tells drivers how many clusters are free, to spare them the counting.
func infoSector(c *chains) []byte {
	b := make([]byte, sector)
	copy(b, "RRaA")
	copy(b[484:], "rrAa")
	le.PutUint32(b[488:], uint32(c.free()))
	le.PutUint32(b[492:], uint32(len(c.entries)-1)) // the last one taken
	b[510], b[511] = 0x55, 0xaa
	return b
}
