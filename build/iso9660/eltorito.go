package iso9660

import (
	"fmt"
	"math"
)

// Platform is the kind of firmware that a boot entry is for.
type Platform byte

// Platforms of El Torito 1.0, figure 2, and of the UEFI specification, section 13.3.2.1.
const (
	BIOS Platform = 0
	EFI  Platform = 0xef
)

// Boot names the file that a kind of firmware starts from. A BIOS runs its start as
// a program, UEFI takes it for a FAT file system.
type Boot struct {
	Platform Platform
	Path     string
	// Sectors of 512 bytes that a BIOS loads; 0 for the whole file. UEFI is given the
	// whole file where 16 bits can tell its size, and else 0, which stands for all
	// up to the medium's end.
	Sectors uint16
}

const (
	catalogEntry = 32
	bootable     = 0x88
	moreHeaders  = 0x90
	lastHeader   = 0x91
)

// bootRecord leads from its fixed block to the catalog (El Torito 1.0, figure 7).
func bootRecord() []byte {
	b := make([]byte, Block)
	copy(b, "\x00CD001\x01EL TORITO SPECIFICATION")
	le.PutUint32(b[0x47:], catalogBlock)
	return b
}

// catalog lists the boot entries: a validating entry with the first platform, the
// default entry, and a section for each further platform.
func (v *Volume) catalog(boot []Boot, root *node) ([]byte, error) {
	b := make([]byte, Block)
	b[0], b[1] = 1, byte(boot[0].Platform)
	b[30], b[31] = 0x55, 0xaa
	sum := uint16(0)
	for i := 0; i < catalogEntry; i += 2 {
		sum += le.Uint16(b[i:])
	}
	le.PutUint16(b[28:], -sum)
	at := catalogEntry
	for i, e := range boot {
		n := root.find(e.Path)
		if n == nil || n.dir || n.size == 0 {
			return nil, fmt.Errorf("the boot entry's file %q is not there or empty", e.Path)
		}
		if i > 0 {
			header := b[at:]
			header[0], header[1] = moreHeaders, byte(e.Platform)
			if i == len(boot)-1 {
				header[0] = lastHeader
			}
			le.PutUint16(header[2:], 1)
			at += catalogEntry
		}
		sectors := int64(e.Sectors)
		if sectors == 0 {
			sectors = blocks(n.size) * (Block / 512)
		}
		if sectors > math.MaxUint16 {
			if e.Platform != EFI {
				return nil, fmt.Errorf("the boot entry's file %q has %d sectors, a BIOS loads %d", e.Path, sectors, math.MaxUint16)
			}
			sectors = 0
		}
		entry := b[at:]
		entry[0] = bootable // and no emulation of another disk
		le.PutUint16(entry[6:], uint16(sectors))
		le.PutUint32(entry[8:], uint32(n.block))
		at += catalogEntry
	}
	return b, nil
}
