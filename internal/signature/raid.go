package signature

import (
	"bytes"
	"encoding/binary"
	"io"
)

var raids = []probe{Arrays, Firmware}

// MDMagic begins every superblock of Linux's own arrays (MD_SB_MAGIC in include/uapi/linux/raid/md_p.h).
const MDMagic = 0xa92b4efc

// MDPlace is where a version of metadata keeps its superblock.
type MDPlace struct {
	// Version is 1.2, 1.1, 1.0 or 0.90.
	Version string
	// Sector on a device of n sectors, of 512 bytes both; less than 0 where there is no room.
	Sector func(n int64) int64
}

// MDPlaces are all of them (super_0_rdev_size and super_1_load in drivers/md/md.c).
var MDPlaces = []MDPlace{
	{"1.2", func(int64) int64 { return 8 }},
	{"1.1", func(int64) int64 { return 0 }},
	{"1.0", func(n int64) int64 { return (n - 16) &^ 7 }},
	{"0.90", func(n int64) int64 { return n&^127 - 128 }},
}

// Arrays finds the superblocks of Linux's own arrays. One is found by what it says of its place; whether it is
// whole is not asked: a damaged one makes its device no less a part of something.
func Arrays(r io.ReaderAt, size int64) ([]Found, error) {
	const nameAt, nameSize, superOffset = 32, 32, 144
	var found []Found
	for _, p := range MDPlaces {
		sector := p.Sector(size / 512)
		b, err := at(r, size, sector*512, 256)
		if err != nil {
			return found, err
		}
		if b == nil {
			continue
		}
		f := Found{Type: "linux_raid_member", Kind: RAID, At: sector * 512}
		if p.Version == "0.90" {
			if isOld(b) && Old(r, size, b) {
				found = append(found, f)
			}
			continue
		}
		if little.Uint32(b) != MDMagic || little.Uint32(b[4:]) != 1 || little.Uint64(b[superOffset:]) != uint64(sector) { // where it says that it lies
			continue
		}
		name, _, _ := bytes.Cut(b[nameAt:nameAt+nameSize], []byte{0})
		f.Name = string(name)
		found = append(found, f)
	}
	return found, nil
}

// isOld says that b begins a superblock of version 0.90, which is in the byte order of the machine that wrote it.
func isOld(b []byte) bool {
	return little.Uint32(b) == MDMagic && little.Uint32(b[4:]) == 0 || binary.BigEndian.Uint32(b) == MDMagic && binary.BigEndian.Uint32(b[4:]) == 0
}

// Old says whether a superblock of version 0.90, found where one of a device of so many bytes lies, is that device's. It
// does not say where it lies, and a partition that ends with its disk shows the same one on both: then it is the
// partition's, if all that it says it uses fits into it (so libblkid's probe_raid0). But the first disk of an array that is
// larger than its disks shows the table of what lies in the array, which reaches beyond the disk and is no table of
// its own; in a mirror there is no such table. A device that is too small for what it says it uses is no member either.
func Old(r io.ReaderAt, size int64, b []byte) bool {
	const room, levelAt, sizeAt, mirror = 64 << 10, 28, 32, 1
	order := binary.ByteOrder(little)
	if binary.BigEndian.Uint32(b) == MDMagic {
		order = binary.BigEndian
	}
	used, super := int64(order.Uint32(b[sizeAt:]))<<10, (size&^(room-1))-room
	return used <= super && !covered(r, size, super-used, super+room, order.Uint32(b[levelAt:]) != mirror)
}
