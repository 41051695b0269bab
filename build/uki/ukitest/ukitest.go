// Package ukitest makes what tests compose unified kernel images of, where the real
// things are not installed.
package ukitest

import (
	"encoding/binary"
	"math/rand/v2"
)

// Stub is the least that uki.New takes for a stub: DOS and PE headers, in the given
// number of bytes, and one section of one sector. It runs nowhere.
func Stub(headers int) []byte {
	b := make([]byte, headers+512)
	put16 := func(at int, v uint16) { binary.LittleEndian.PutUint16(b[at:], v) }
	put32 := func(at int, v uint32) { binary.LittleEndian.PutUint32(b[at:], v) }
	copy(b, "MZ")
	put32(0x3c, 0x40)
	copy(b[0x40:], "PE\x00\x00")
	put16(0x44, 0x8664)
	put16(0x46, 1)
	put16(0x54, 240) // the optional header, with 16 data directories
	optional := 0x58
	put16(optional, 0x20b)
	put32(optional+8, 512)
	put32(optional+32, 512)
	put32(optional+36, 512)
	put32(optional+56, 0x1200)
	put32(optional+60, uint32(headers))
	put32(optional+108, 16)
	section := optional + 240
	copy(b[section:], ".text")
	put32(section+8, 300)
	put32(section+12, 0x1000)
	put32(section+16, 512)
	put32(section+20, uint32(headers))
	copy(b[headers:], "the stub's code")
	return b
}

// Kernel is what uki.New takes for a bzImage of the given release and size in bytes:
// noise, but for what the release is found by.
func Kernel(release string, size int) []byte {
	b := make([]byte, size)
	random := rand.NewChaCha8([32]byte{1})
	random.Read(b)
	copy(b[0x202:], "HdrS")
	binary.LittleEndian.PutUint16(b[0x20e:], 0x300)
	copy(b[0x500:], release+" (builder@example) #1 SMP\x00")
	return b
}
