package mount

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
)

// Identity is how a file system can be asked for, whatever its device is called today.
type Identity struct {
	Type, Label string
	// UUID is in the form that blkid(8) prints, in lower case.
	UUID string
}

// Probe reads a file system's identity from its superblock; false when it knows none there.
// Sources: fs/ext4/ext4.h, fs/xfs/libxfs/xfs_format.h, include/uapi/linux/btrfs_tree.h,
// Microsoft's FAT specification, ECMA-119 section 8.4.
func Probe(r io.ReaderAt) (Identity, bool) {
	for _, probe := range []func(io.ReaderAt) (Identity, bool){probeExt, probeXFS, probeBtrfs, probeFAT, probeISO} {
		if id, ok := probe(r); ok {
			return id, true
		}
	}
	return Identity{}, false
}

func read(r io.ReaderAt, offset int64, n int) []byte {
	b := make([]byte, n)
	if got, _ := r.ReadAt(b, offset); got < n {
		return nil
	}
	return b
}

func probeExt(r io.ReaderAt) (Identity, bool) {
	b := read(r, 1024, 264)
	if b == nil || binary.LittleEndian.Uint16(b[0x38:]) != 0xef53 {
		return Identity{}, false
	}
	compat, incompat := binary.LittleEndian.Uint32(b[0x5c:]), binary.LittleEndian.Uint32(b[0x60:])
	kind := "ext2"
	switch {
	case incompat&^0x0016 != 0: // beyond filetype, recover and meta_bg: extents, 64bit …
		kind = "ext4"
	case compat&0x0004 != 0:
		kind = "ext3"
	}
	return Identity{kind, text(b[0x78:0x88]), uuid(b[0x68:0x78])}, true
}

func probeXFS(r io.ReaderAt) (Identity, bool) {
	b := read(r, 0, 120)
	if b == nil || string(b[:4]) != "XFSB" {
		return Identity{}, false
	}
	return Identity{"xfs", text(b[108:120]), uuid(b[32:48])}, true
}

func probeBtrfs(r io.ReaderAt) (Identity, bool) {
	b := read(r, 64<<10, 0x12b+256)
	if b == nil || string(b[0x40:0x48]) != "_BHRfS_M" {
		return Identity{}, false
	}
	return Identity{"btrfs", text(b[0x12b:]), uuid(b[0x20:0x30])}, true
}

func probeFAT(r io.ReaderAt) (Identity, bool) {
	b := read(r, 0, 512)
	if b == nil || b[510] != 0x55 || b[511] != 0xaa {
		return Identity{}, false
	}
	for _, at := range []struct{ id, label, magic int }{{67, 71, 82}, {39, 43, 54}} { // FAT32; FAT12 and 16
		if bytes.HasPrefix(b[at.magic:], []byte("FAT")) {
			n := binary.LittleEndian.Uint32(b[at.id:])
			label := text(b[at.label : at.label+11])
			if label == "NO NAME" {
				label = ""
			}
			return Identity{"vfat", label, fmt.Sprintf("%04x-%04x", n>>16, n&0xffff)}, true
		}
	}
	return Identity{}, false
}

func probeISO(r io.ReaderAt) (Identity, bool) {
	b := read(r, 16*2048, 2048)
	if b == nil || b[0] != 1 || string(b[1:6]) != "CD001" {
		return Identity{}, false
	}
	// Volume modification date, or creation date where there is none: what blkid makes a UUID of.
	date := b[830:846]
	if strings.Trim(string(date), "0\x00") == "" {
		date = b[813:829]
	}
	d := text(date)
	if len(d) == 16 {
		d = strings.Join([]string{d[:4], d[4:6], d[6:8], d[8:10], d[10:12], d[12:14], d[14:16]}, "-")
	}
	return Identity{"iso9660", text(b[40:72]), d}, true
}

func text(b []byte) string {
	if i := bytes.IndexByte(b, 0); i >= 0 {
		b = b[:i]
	}
	return strings.TrimRight(string(b), " ")
}

func uuid(b []byte) string {
	h := hex.EncodeToString(b)
	return strings.Join([]string{h[:8], h[8:12], h[12:16], h[16:20], h[20:]}, "-")
}
