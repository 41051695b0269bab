// Package shelftest describes a machine with shelves full of disks, for the tests that look at how it starts.
package shelftest

import (
	"encoding/binary"
	"fmt"
	"math"
)

const (
	// Arrays are mirrors of three, named by Name. They were made for any host.
	Arrays = 29
	// Disks are their members, and one that is none of theirs.
	Disks = 3*Arrays + 1
	// Sectors of 512 bytes that a disk has at least.
	Sectors = 2048 + data
	// At is where a superblock lies, in bytes.
	At = 4096

	data = 40960
)

// Name is that of an array.
func Name(array int) string { return fmt.Sprintf("a%d", array) }

// Superblock is that of a disk, or nil. The disks of an array do not stand side by side: the last ones make them whole.
func Superblock(disk int) []byte {
	if disk >= 3*Arrays {
		return nil
	}
	array, slot := disk%Arrays, disk/Arrays
	// As mdadm writes it (struct mdp_superblock_1 in md_p.h).
	b, le := make([]byte, 4096), binary.LittleEndian
	b[16], b[17] = 1, byte(array)
	b[168], b[169], b[170] = 1, byte(array), byte(slot) // the device's UUID
	copy(b[32:64], "any:"+Name(array))
	for at, v := range map[int]uint32{0: 0xa92b4efc, 4: 1, 72: 1, 92: 3, 160: uint32(slot), 220: 3} {
		le.PutUint32(b[at:], v)
	}
	for at, v := range map[int]uint64{80: data, 128: 2048, 136: data, 144: At / 512, 200: 20, 208: math.MaxUint64} {
		le.PutUint64(b[at:], v)
	}
	le.PutUint16(b[258:], 1)
	le.PutUint16(b[260:], 2)
	sum := uint64(le.Uint16(b[260:]))
	for at := 0; at < 260; at += 4 {
		sum += uint64(le.Uint32(b[at:]))
	}
	le.PutUint32(b[216:], uint32(sum)+uint32(sum>>32))
	return b
}
