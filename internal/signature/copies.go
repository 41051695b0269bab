package signature

import "github.com/imgbuild/imgbuild/internal/gptedit"

// Copies finds, in a piece of a device that begins at a byte of it, what file systems and partition tables keep a second time
// far from where a machine looks first. With any of them the data can be had back (e2fsck -b, xfs_repair, btrfs rescue,
// gdisk). They may lie at any sector: nobody knows where a partition that is lost began.
func Copies(b []byte, at int64) (found []Found) {
	const sector, need = 512, 1024
	for offset := 0; offset+sector <= len(b); offset += sector {
		piece := b[offset:]
		if len(piece) < need { // the end of a device: no file system's copy fits, a table's does
			piece = append(make([]byte, 0, need), piece...)[:need]
		}
		if f, ok := copyOf(piece); ok {
			f.At = at + int64(offset)
			found = append(found, f)
		}
	}
	return found
}

func copyOf(b []byte) (Found, bool) {
	switch {
	case extCopy(b):
		kind, _ := extKind(b)
		return Found{Type: kind, Kind: extUse(kind), Part: "backup superblock", Name: extLabel(b)}, true
	case xfs(b):
		return Found{Type: "xfs", Kind: Filesystem, Part: "backup superblock", Name: text(b[108:120])}, true
	case btrfsCopy(b):
		return Found{Type: "btrfs", Kind: Filesystem, Part: "backup superblock", Name: text(b[299:555])}, true
	case gptedit.IsHeader(b, 0):
		return Found{Type: "gpt", Kind: Partitions, Part: "second table"}, true
	case string(b[3:11]) == "NTFS    ":
		return Found{Type: "ntfs", Kind: Filesystem, Part: "backup boot sector"}, true
	case string(b[:4]) == "FILE" && (le.Uint16(b[4:]) == 42 || le.Uint16(b[4:]) == 48) && le.Uint32(b[28:]) == 1024:
		return Found{Type: "ntfs", Kind: Filesystem, Part: "file record"}, true
	case le.Uint32(b) == 0xa92b4efc && le.Uint32(b[4:]) <= 1:
		return Found{Type: "linux_raid_member", Kind: RAID}, true
	}
	return Found{}, false
}

// extCopy says whether a block is the superblock of a later group: its numbers agree, and it knows that it is a copy.
func extCopy(b []byte) bool {
	kind, ok := extKind(b)
	clusters := le.Uint32(b[0x24:]) // of a group: no more than a block has bits
	return ok && kind != "jbd" && le.Uint16(b[0x5a:]) != 0 && le.Uint32(b[0x28:]) > 0 && 0 < clusters && clusters <= 8*(1024<<le.Uint32(b[0x18:]))
}

// btrfsCopy says whether a superblock is one that knows where it lies (include/uapi/linux/btrfs_tree.h).
func btrfsCopy(b []byte) bool {
	at := le.Uint64(b[0x30:])
	return string(b[0x40:0x48]) == "_BHRfS_M" && (at == 64<<10 || at == 64<<20 || at == 256<<30 || at == 1<<50)
}
