// Package gpt encodes and reads GUID partition tables (UEFI specification, chapter
// 5) with their protective MBR.
package gpt

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
	"unicode/utf16"

	"github.com/imgbuild/imgbuild/build/extent"
	"github.com/imgbuild/imgbuild/build/layout"
)

const (
	signature  = "EFI PART"
	revision   = 0x00010000
	headerSize = 92
	entrySize  = 128
	entryCount = 128
	nameUnits  = 36

	// BootCodeSize is how many bytes of the MBR a BIOS loader may fill: what follows
	// are the disk's signature and the MBR's own partition table.
	BootCodeSize = 440
	mbrTable     = 446
	mbrActive    = 0x80
	mbrGPT       = 0xee
)

var le = binary.LittleEndian

// Piece is a part of the partition table and where it lies on the disk, in bytes.
type Piece struct {
	Offset int64
	Bytes  []byte
}

// Encode gives the protective MBR with the loader's code, the table and its backup at
// the disk's end. Whoever moves an image to a larger disk reads its table, changes the
// number of sectors and writes these pieces.
func Encode(d layout.Disk, bootCode []byte) ([]Piece, error) {
	if len(bootCode) > BootCodeSize {
		return nil, fmt.Errorf("writing a partition table: %d bytes of boot code, the MBR has room for %d", len(bootCode), BootCodeSize)
	}
	entries, err := encodeEntries(d)
	if err != nil {
		return nil, fmt.Errorf("writing a partition table: %w", err)
	}
	last := d.Sectors - 1
	backup := last - (layout.TableSectors - 1)
	return []Piece{
		{0, protectiveMBR(d, bootCode)},
		{1 * layout.Sector, encodeHeader(d, entries, 1, last, 2)},
		{2 * layout.Sector, entries},
		{backup * layout.Sector, entries},
		{last * layout.Sector, encodeHeader(d, entries, last, 1, backup)},
	}, nil
}

// Place puts what Encode gives into a disk's image, which must have the size of d.
func Place(image *extent.Image, d layout.Disk, bootCode []byte) error {
	if image.Size() != d.Sectors*layout.Sector {
		panic(fmt.Sprintf("BUG: a partition table for %d sectors on an image of %d bytes", d.Sectors, image.Size()))
	}
	pieces, err := Encode(d, bootCode)
	if err != nil {
		return err
	}
	for _, p := range pieces {
		image.Place(p.Offset, bytes.NewReader(p.Bytes))
	}
	return nil
}

// protectiveMBR covers the disk with one partition of a type that old tools leave
// alone. Some BIOSes do not start from a disk without an active partition, and some
// UEFI firmware ignores a protective one that is active: so an empty entry, of one
// sector and of the type that means unused, is the active one.
func protectiveMBR(d layout.Disk, bootCode []byte) []byte {
	mbr := make([]byte, layout.Sector)
	copy(mbr, bootCode)
	e := mbr[mbrTable:]
	e[4] = mbrGPT
	copy(e[1:], []byte{0, 2, 0})          // the second sector, in heads, sectors and cylinders
	copy(e[5:], []byte{0xff, 0xff, 0xff}) // beyond what they can tell
	le.PutUint32(e[8:], 1)
	le.PutUint32(e[12:], uint32(min(d.Sectors-1, math.MaxUint32)))
	e = e[16:]
	e[0] = mbrActive
	le.PutUint32(e[12:], 1)
	mbr[510], mbr[511] = 0x55, 0xaa
	return mbr
}

func encodeEntries(d layout.Disk) ([]byte, error) {
	if len(d.Partitions) > entryCount {
		return nil, fmt.Errorf("%d partitions, the table has room for %d", len(d.Partitions), entryCount)
	}
	entries := make([]byte, entryCount*entrySize)
	for i, p := range d.Partitions {
		e := entries[i*entrySize:]
		name := utf16.Encode([]rune(p.Name))
		if len(name) > nameUnits {
			return nil, fmt.Errorf("the name %q of partition %d is longer than %d UTF-16 units", p.Name, i+1, nameUnits)
		}
		if p.Start < layout.FirstUsable || p.Size < 1 || p.Start+p.Size > d.Sectors-layout.TableSectors {
			return nil, fmt.Errorf("partition %d, %d sectors at %d, lies outside the usable sectors %d to %d",
				i+1, p.Size, p.Start, layout.FirstUsable, d.Sectors-layout.TableSectors-1)
		}
		kind, id := p.Type.Mixed(), p.GUID.Mixed()
		copy(e, kind[:])
		copy(e[16:], id[:])
		le.PutUint64(e[32:], uint64(p.Start))
		le.PutUint64(e[40:], uint64(p.Start+p.Size-1))
		for j, unit := range name {
			le.PutUint16(e[56+2*j:], unit)
		}
	}
	return entries, nil
}

// encodeHeader makes the header that lies in sector self, with its twin in sector
// other and the entries from sector table on.
func encodeHeader(d layout.Disk, entries []byte, self, other, table int64) []byte {
	h := make([]byte, layout.Sector)
	id := d.GUID.Mixed()
	copy(h, signature)
	le.PutUint32(h[8:], revision)
	le.PutUint32(h[12:], headerSize)
	le.PutUint64(h[24:], uint64(self))
	le.PutUint64(h[32:], uint64(other))
	le.PutUint64(h[40:], layout.FirstUsable)
	le.PutUint64(h[48:], uint64(d.Sectors-layout.TableSectors-1))
	copy(h[56:], id[:])
	le.PutUint64(h[72:], uint64(table))
	le.PutUint32(h[80:], entryCount)
	le.PutUint32(h[84:], entrySize)
	le.PutUint32(h[88:], crc32.ChecksumIEEE(entries))
	le.PutUint32(h[16:], crc32.ChecksumIEEE(h[:headerSize]))
	return h
}
