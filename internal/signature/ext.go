package signature

// The second, third and fourth extended file systems (fs/ext4/ext4.h, struct ext4_super_block).
const extSuper, extMagic = 1024, 0x38

var ext = looking(func(r look, _ int64) []Found {
	b := r(extSuper, 1024)
	kind, ok := extKind(b)
	if !ok {
		return nil
	}
	return []Found{{Type: kind, Kind: extUse(kind), At: extSuper + extMagic, Name: extLabel(b)}}
})

// extKind tells the type of a superblock, as libblkid does: ext3 has a journal, ext4 what neither of its elders
// understands. False where it cannot be one.
func extKind(b []byte) (string, bool) {
	const journal, journalDevice, testing = 0x4, 0x8, 0x4
	compat, incompat, roCompat := le.Uint32(b[0x5c:]), le.Uint32(b[0x60:]), le.Uint32(b[0x64:])
	switch {
	case le.Uint16(b[extMagic:]) != 0xef53 || le.Uint32(b[0x18:]) > 6 || le.Uint32(b) == 0 && incompat&journalDevice == 0:
		return "", false
	case incompat&journalDevice != 0:
		return "jbd", true
	case le.Uint32(b[0x160:])&testing != 0:
		return "ext4dev", true
	// Beyond filetype, recover and meta_bg; beyond sparse_super, large_file and btree_dir.
	case incompat&^0x16 != 0 || roCompat&^0x7 != 0:
		return "ext4", true
	case compat&journal != 0:
		return "ext3", true
	}
	return "ext2", true
}

func extUse(kind string) Kind {
	if kind == "jbd" {
		return Volume
	}
	return Filesystem
}

func extLabel(b []byte) string { return text(b[0x78:0x88]) }
