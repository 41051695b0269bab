package layout

import (
	"crypto/sha256"
	"fmt"
)

// GUID is a UUID of RFC 9562, its bytes in the order in which it is written.
type GUID [16]byte

// The types of partitions that an image has.
var (
	// BIOSBoot holds GRUB's core image (GRUB manual, "BIOS installation").
	BIOSBoot = GUID{0x21, 0x68, 0x61, 0x48, 0x64, 0x49, 0x6e, 0x6f, 0x74, 0x4e, 0x65, 0x65, 0x64, 0x45, 0x46, 0x49}
	// ESP is an EFI system partition (UEFI specification, section 5.3.3).
	ESP = GUID{0xc1, 0x2a, 0x73, 0x28, 0xf8, 0x1f, 0x11, 0xd2, 0xba, 0x4b, 0x00, 0xa0, 0xc9, 0x3e, 0xc9, 0x3b}
	// LinuxData holds any file system of Linux.
	LinuxData = GUID{0x0f, 0xc6, 0x3d, 0xaf, 0x84, 0x83, 0x47, 0x72, 0x8e, 0x79, 0x3d, 0x69, 0xd8, 0x47, 0x7d, 0xe4}
	// Slot and SlotRecord are our own, so that nobody takes such a partition for one with a file system.
	Slot       = Derive("", "type of a slot")
	SlotRecord = Derive("", "type of the record of slots")
)

// Derive gives an identifier that depends on nothing but its arguments: the
// profile's name and what is identified, such as "disk" or "state". It is a UUID of
// version 8 made with SHA-256, as appendix B.2 of RFC 9562 shows.
func Derive(name, what string) GUID {
	sum := sha256.Sum256([]byte("imgbuild\x00" + name + "\x00" + what))
	g := GUID(sum[:16])
	g[6] = g[6]&0x0f | 0x80
	g[8] = g[8]&0x3f | 0x80
	return g
}

// String writes the identifier as 8-4-4-4-12 lower-case hex digits.
func (g GUID) String() string {
	return fmt.Sprintf("%x-%x-%x-%x-%x", g[:4], g[4:6], g[6:8], g[8:10], g[10:])
}

// Mixed gives the bytes in the order in which GPT and UEFI store them: the first
// three groups little-endian (UEFI specification, appendix A).
func (g GUID) Mixed() [16]byte {
	return [16]byte{g[3], g[2], g[1], g[0], g[5], g[4], g[7], g[6], g[8], g[9], g[10], g[11], g[12], g[13], g[14], g[15]}
}

// VolumeID shortens the identifier to the four bytes that FAT has room for.
func (g GUID) VolumeID() uint32 {
	return uint32(g[0])<<24 | uint32(g[1])<<16 | uint32(g[2])<<8 | uint32(g[3])
}
