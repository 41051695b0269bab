// Package gpt writes GUID partition tables (UEFI specification, chapter 5) with their
// protective MBR.
package gpt

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"unicode/utf16"

	"github.com/diskfs/go-diskfs/backend"
	"github.com/diskfs/go-diskfs/partition/gpt"

	"github.com/imgbuild/imgbuild/build/extent"
	"github.com/imgbuild/imgbuild/build/layout"
)

const (
	entryCount = 128
	nameUnits  = 36

	// BootCodeSize is how many bytes of the MBR a BIOS loader may fill: what follows
	// are the disk's signature and the MBR's own partition table.
	BootCodeSize = 440
	mbrTable     = 446
	mbrActive    = 0x80
)

// Place puts the protective MBR with the loader's code, the table and its backup into a disk's image, which must have
// the size of d.
func Place(image *extent.Image, d layout.Disk, bootCode []byte) error {
	if image.Size() != d.Sectors*layout.Sector {
		panic(fmt.Sprintf("BUG: a partition table for %d sectors on an image of %d bytes", d.Sectors, image.Size()))
	}
	if err := place(image, d, bootCode); err != nil {
		return fmt.Errorf("writing a partition table: %w", err)
	}
	return nil
}

func place(image *extent.Image, d layout.Disk, bootCode []byte) error {
	if len(bootCode) > BootCodeSize {
		return fmt.Errorf("%d bytes of boot code, the MBR has room for %d", len(bootCode), BootCodeSize)
	}
	if len(d.Partitions) > entryCount {
		return fmt.Errorf("%d partitions, the table has room for %d", len(d.Partitions), entryCount)
	}
	t := gpt.Table{LogicalSectorSize: layout.Sector, GUID: d.GUID.String(), ProtectiveMBR: true}
	for i, p := range d.Partitions {
		// The library counts characters, and writes past the entry where some are two units.
		if len(utf16.Encode([]rune(p.Name))) > nameUnits {
			return fmt.Errorf("the name %q of partition %d is longer than %d UTF-16 units", p.Name, i+1, nameUnits)
		}
		if p.Start < layout.FirstUsable || p.Size < 1 || p.Start+p.Size > d.Sectors-layout.TableSectors {
			return fmt.Errorf("partition %d, %d sectors at %d, lies outside the usable sectors %d to %d",
				i+1, p.Size, p.Start, layout.FirstUsable, d.Sectors-layout.TableSectors-1)
		}
		t.Partitions = append(t.Partitions, &gpt.Partition{Index: i + 1, Name: p.Name, Type: gpt.Type(p.Type.String()),
			GUID: p.GUID.String(), Start: uint64(p.Start), End: uint64(p.Start + p.Size - 1)})
	}
	image.Place(0, bytes.NewReader(bootCode))
	return t.Write(target{image: image}, image.Size())
}

// target takes what the library writes into an image: the only thing that it does with its file.
type target struct {
	backend.WritableFile
	image *extent.Image
}

func (t target) WriteAt(b []byte, at int64) (int, error) {
	b = bytes.Clone(b)
	if at == mbrTable {
		protect(b, t.image.Size()/layout.Sector)
	}
	t.image.Place(at, bytes.NewReader(b))
	return len(b), nil
}

// protect completes the protective MBR's table. The library's one entry covers the disk; that it begins with the second
// sector and ends beyond what heads and cylinders can tell, it leaves out, and disks of more sectors than the MBR can
// count. Some BIOSes do not start from a disk without an active partition, and some UEFI firmware ignores a protective
// one that is active: so an empty entry, of one sector and of the type that means unused, is the active one.
func protect(mbr []byte, sectors int64) {
	entry, unused := mbr[:16], mbr[16:32]
	copy(entry[1:], []byte{0, 2, 0})
	copy(entry[5:], []byte{0xff, 0xff, 0xff})
	binary.LittleEndian.PutUint32(entry[12:], uint32(min(sectors-1, math.MaxUint32)))
	unused[0], unused[12] = mbrActive, 1
}
