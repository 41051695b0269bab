package md

import (
	"encoding/binary"
	"math"
)

// Words of 32 bits in struct mdp_superblock_s (md_p.h), which is in the byte order of the machine that
// wrote it: little-endian wherever this runs.
const (
	sb0Words    = 1024
	disks0      = 27
	firstDisk0  = 128
	diskWords0  = 32
	thisDisk0   = firstDisk0 + disks0*diskWords0
	stateClean0 = 1 << 0

	diskFaulty0  = 1 << 0
	diskActive0  = 1 << 1
	diskSync0    = 1 << 2
	diskRemoved0 = 1 << 3
)

// parse0 reads a superblock of version 0.90.
func parse0(b []byte) (*Superblock, error) {
	word := func(i int) uint32 { return binary.LittleEndian.Uint32(b[4*i:]) }
	if word(1) != 0 {
		return nil, ErrNone
	}
	if want, got := fold(word(38)), fold(sum0(b)); want != got {
		return nil, damage("checksum %04x, not %04x", got, want)
	}
	s := &Superblock{
		Version: "0.90", Level: int(int32(word(7))), Layout: int(word(64)), Slots: int(word(10)),
		Events: uint64(word(40))<<32 | uint64(word(39)), Number: int(word(thisDisk0)),
	}
	for i, w := range []int{5, 13, 14, 15} {
		binary.BigEndian.PutUint32(s.UUID[4*i:], word(w))
	}
	// super_90_validate: without the mark of a clean end a checkpoint counts only if it is the latest state's.
	s.Clean = word(33)&stateClean0 != 0 || word(41) == word(39) && word(42) == word(40) && word(43) == math.MaxUint32
	if minor := word(2); minor > 90 {
		if reshape := uint64(word(45))<<32 | uint64(word(44)); minor > 91 || reshape != math.MaxUint64 {
			s.Features |= FeatureReshape
		}
	}
	if s.Slots < 1 || s.Slots > disks0 || s.Number < 0 || s.Number >= disks0 {
		return nil, damage("%d slots, device %d", s.Slots, s.Number)
	}
	for i := range disks0 {
		s.Roles = append(s.Roles, role0(word, firstDisk0+i*diskWords0))
	}
	// The device's own row is the better word on itself (super_90_validate reads the array's instead).
	s.Recovering = Active(s.Role()) && word(firstDisk0+s.Number*diskWords0+4)&diskSync0 == 0
	s.Needs = 2*uint64(word(8)) + 128
	return s, nil
}

// role0 reads mdp_disk_t at a word: number, major, minor, raid_disk, state.
func role0(word func(int) uint32, at int) int {
	slot, state := int(int32(word(at+3))), word(at+4)
	switch {
	case state&diskFaulty0 != 0, state&diskRemoved0 != 0:
		return RoleFaulty
	case state&(diskActive0|diskSync0) != 0 && slot >= 0 && slot < disks0:
		return slot
	}
	return RoleSpare
}

// sum0 is calc_sb_csum of drivers/md/md.c.
func sum0(b []byte) uint32 {
	var sum uint64
	for i := range sb0Words {
		if i != 38 {
			sum += uint64(binary.LittleEndian.Uint32(b[4*i:]))
		}
	}
	return uint32(sum) + uint32(sum>>32)
}

// fold makes sums alike that differ only in how they carry (md_csum_fold).
func fold(sum uint32) uint32 {
	sum = sum&0xffff + sum>>16
	return sum&0xffff + sum>>16
}
