package signature

import (
	"encoding/binary"
	"hash/crc32"
)

// scattered are file systems whose superblock has several places, or needs a closer look than a few bytes.
var scattered = []probe{looking(minix), looking(nilfs), looking(ufs), looking(sysv)}

// minix has two bytes only, so its numbers must agree (include/uapi/linux/minix_fs.h).
func minix(r look, _ int64) []Found {
	b := r(1024, 32)
	if le.Uint32(b) == 0xe0f5e1e2 || le.Uint16(r(1024+extMagic, 2)) == 0xef53 {
		return nil // of erofs and ext, whose numbers there may look alike
	}
	for _, order := range []binary.ByteOrder{le, be} {
		magicAt := int64(16)
		inodes, zones := uint32(order.Uint16(b)), uint32(order.Uint16(b[2:]))
		maps, first, scale := order.Uint16(b[4:]), order.Uint16(b[8:]), order.Uint16(b[10:])
		zoneMaps := order.Uint16(b[6:])
		switch order.Uint16(b[16:]) {
		case 0x137f, 0x138f:
		case 0x2468, 0x2478:
			zones = order.Uint32(b[20:])
		default:
			if order.Uint16(b[24:]) != 0x4d5a {
				continue
			}
			magicAt, inodes, zones = 24, order.Uint32(b), order.Uint32(b[20:])
			maps, zoneMaps, first, scale = order.Uint16(b[6:]), order.Uint16(b[8:]), order.Uint16(b[10:]), order.Uint16(b[12:])
		}
		const bits = 1024 * 8
		if scale == 0 && inodes > 0 && uint64(maps)*bits > uint64(inodes) && uint32(first) <= zones && uint64(zoneMaps)*bits > uint64(zones-uint32(first)) {
			return []Found{{Type: "minix", Kind: Filesystem, At: 1024 + magicAt}}
		}
	}
	return nil
}

// nilfs has a second superblock in the device's last full block (include/uapi/linux/nilfs2_ondisk.h).
func nilfs(r look, size int64) []Found {
	for _, offset := range []int64{1024, (size/4096 - 1) * 4096} {
		b := r(offset, 1024)
		n := le.Uint16(b[8:])
		if le.Uint16(b[6:]) != 0x3434 || n < 20 || n > 1024 {
			continue
		}
		// The kernel's crc32_le begins with what it is given, and inverts nothing.
		sum := func(crc uint32, b []byte) uint32 { return ^crc32.Update(^crc, crc32.IEEETable, b) }
		crc := sum(sum(sum(le.Uint32(b[12:]), b[:16]), make([]byte, 4)), b[20:n])
		if crc == le.Uint32(b[16:]) {
			return []Found{{Type: "nilfs2", Kind: Filesystem, At: offset + 6, Name: text(b[168:248])}}
		}
	}
	return nil
}

// ufs may lie in four places, in either byte order (fs/ufs/ufs_fs.h).
func ufs(r look, _ int64) []Found {
	const magicAt = 1372
	for _, kib := range []int64{0, 8, 64, 256} {
		b := r(kib<<10+magicAt, 4)
		for _, order := range []binary.ByteOrder{le, be} {
			switch order.Uint32(b) {
			case 0x19540119, 0x00011954, 0x00195612, 0x00095014, 0x00612195, 0x05231994:
				return []Found{{Type: "ufs", Kind: Filesystem, At: kib<<10 + magicAt}}
			}
		}
	}
	return nil
}

// sysv may lie in four places, in either byte order (include/linux/sysv_fs.h).
func sysv(r look, _ int64) []Found {
	for _, kib := range []int64{0, 9, 15, 18} {
		offset := kib<<10 + 512 + 504
		if b := r(offset, 4); le.Uint32(b) == 0xfd187e20 || be.Uint32(b) == 0xfd187e20 {
			return []Found{{Type: "sysv", Kind: Filesystem, At: offset}}
		}
	}
	return nil
}
