// Package vmdk makes sparse disks in one file, which VMware's desktop products and
// VirtualBox run from: VMware's "Virtual Disk Format 5.0", hosted sparse extents.
package vmdk

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"

	"github.com/imgbuild/imgbuild/build/extent"
)

const (
	sector     = 512
	grain      = 128 * sector // the unit that is there or not
	perTable   = 512          // grains that a table leads to
	tableSize  = perTable * 4 / sector
	descriptor = 1  // the sector where the description begins
	descrSize  = 20 // its room in sectors
)

// New returns the VMDK of a disk, in grains of 64 KiB, those without a byte other than
// zero left out. The disk's size must be a multiple of that. name is the file's,
// without folders; id becomes the content's identifier.
func New(disk *extent.Image, name string, id uint32) (*extent.Image, error) {
	if disk.Size() == 0 || disk.Size()%grain != 0 {
		return nil, fmt.Errorf("composing a VMDK: the disk's %d bytes are no multiple of 64 KiB", disk.Size())
	}
	text := description(disk.Size()/sector, name, id)
	if len(text) > descrSize*sector {
		return nil, fmt.Errorf("composing a VMDK: the name %.20q... is too long", name)
	}
	p := divide(disk.Size() / grain)
	var used []int64
	tables := make([]byte, p.tables*tableSize*sector)
	if err := disk.Blocks(grain, func(number int64, _ []byte) error {
		at := p.data + int64(len(used))*(grain/sector)
		if at > math.MaxUint32 {
			return fmt.Errorf("more than 2 TiB of content, which its tables cannot address")
		}
		le.PutUint32(tables[4*number:], uint32(at))
		used = append(used, number)
		return nil
	}); err != nil {
		return nil, fmt.Errorf("composing a VMDK: %w", err)
	}

	image := extent.New((p.data*sector + int64(len(used))*grain))
	place := func(at int64, b []byte) { image.Place(at*sector, bytes.NewReader(b)) }
	place(0, p.header(disk.Size()/sector))
	place(descriptor, []byte(text))
	for _, directory := range []int64{p.spare, p.main} {
		place(directory, p.directory(directory))
		place(directory+p.directorySize, tables)
	}
	for i, number := range used {
		image.Place(p.data*sector+int64(i)*grain, io.NewSectionReader(disk, number*grain, grain))
	}
	return image, nil
}

var le = binary.LittleEndian

// places are the sectors at which the parts of the file begin. Directory and tables
// are there twice.
type places struct {
	tables        int64 // how many
	directorySize int64
	spare, main   int64 // directories; their tables follow each
	data          int64
}

func divide(grains int64) places {
	p := places{tables: up(grains, perTable), spare: descriptor + descrSize}
	p.directorySize = up(4*p.tables, sector)
	p.main = p.spare + p.directorySize + p.tables*tableSize
	p.data = up(p.main+p.directorySize+p.tables*tableSize, grain/sector) * (grain / sector)
	return p
}

// up divides and rounds up.
func up(n, by int64) int64 { return (n + by - 1) / by }

// directory leads to the tables that follow it.
func (p places) directory(at int64) []byte {
	var b []byte
	for i := range p.tables {
		b = le.AppendUint32(b, uint32(at+p.directorySize+i*tableSize))
	}
	return b
}

func (p places) header(capacity int64) []byte {
	b := make([]byte, sector)
	copy(b, "KDMV")
	le.PutUint32(b[4:], 1)   // version
	le.PutUint32(b[8:], 1|2) // the newlines below can be trusted, and there are spare tables
	for i, v := range []int64{capacity, grain / sector, descriptor, descrSize} {
		le.PutUint64(b[12+8*i:], uint64(v))
	}
	le.PutUint32(b[44:], perTable)
	for i, v := range []int64{p.spare, p.main, p.data} {
		le.PutUint64(b[48+8*i:], uint64(v))
	}
	copy(b[73:], "\n \r\n") // a transfer that took the file for text would change them
	return b
}

// description is the text that names the disk's parts, this file alone.
func description(capacity int64, name string, id uint32) string {
	return fmt.Sprintf(`# Disk DescriptorFile
version=1
CID=%08x
parentCID=ffffffff
createType="monolithicSparse"

# Extent description
RW %d SPARSE "%s"

# The Disk Data Base
ddb.virtualHWVersion = "4"
ddb.geometry.cylinders = "%d"
ddb.geometry.heads = "16"
ddb.geometry.sectors = "63"
ddb.adapterType = "ide"
`, id, capacity, name, capacity/(16*63))
}
