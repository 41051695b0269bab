// Package qcow makes qcow2 images, version 3, as docs/interop/qcow2.txt of QEMU
// describes them.
package qcow

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/imgbuild/imgbuild/build/extent"
)

const (
	clusterBits = 16
	cluster     = 1 << clusterBits
	perTable    = cluster / 8 // entries of 64 bits in a cluster
	perRefs     = cluster / 2 // counts of 16 bits in a cluster
	headerSize  = 104
	version     = 3
	refOrder    = 4       // counts are of 1<<4 bits
	copied      = 1 << 63 // the cluster has one user
)

// New returns the qcow2 image of a disk: clusters of 64 KiB, those without a byte
// other than zero left out. The disk is read once for that, and what it holds again
// by whoever reads the image.
func New(disk *extent.Image) (*extent.Image, error) {
	if disk.Size() == 0 || disk.Size()%512 != 0 {
		return nil, fmt.Errorf("composing a qcow2 image: the disk's %d bytes are no whole sectors", disk.Size())
	}
	var used []int64
	if err := disk.Blocks(cluster, func(number int64, _ []byte) error {
		used = append(used, number)
		return nil
	}); err != nil {
		return nil, fmt.Errorf("composing a qcow2 image: %w", err)
	}
	p := divide(disk.Size(), used)

	image := extent.New(p.total * cluster)
	image.Place(0, bytes.NewReader(p.header(disk.Size())))
	image.Place(p.refTable*cluster, bytes.NewReader(p.encodeRefTable()))
	image.Place(p.refBlocks*cluster, bytes.NewReader(p.encodeRefs()))
	image.Place(p.l1*cluster, bytes.NewReader(p.encodeL1()))
	for i, number := range p.tables {
		image.Place((p.l2+int64(i))*cluster, bytes.NewReader(p.encodeL2(number)))
	}
	for i, number := range used {
		at := number * cluster
		image.Place((p.data+int64(i))*cluster, io.NewSectionReader(disk, at, min(cluster, disk.Size()-at)))
	}
	return image, nil
}

// places are the clusters at which the parts of an image begin.
type places struct {
	used      []int64 // clusters of the disk
	tables    []int64 // entries of the L1 table that lead to an L2 table
	l1Size    int64   // entries
	refTable  int64
	refTables int64 // clusters of it
	refBlocks int64
	refCount  int64 // clusters of them
	l1, l2    int64
	data      int64
	total     int64
}

func divide(size int64, used []int64) places {
	p := places{used: used, l1Size: up(up(size, cluster), perTable), refTable: 1, refTables: 1, refCount: 1}
	for _, number := range used {
		if n := len(p.tables); n == 0 || p.tables[n-1] != number/perTable {
			p.tables = append(p.tables, number/perTable)
		}
	}
	// The counts count their own clusters too.
	for {
		p.refBlocks = p.refTable + p.refTables
		p.l1 = p.refBlocks + p.refCount
		p.l2 = p.l1 + up(p.l1Size, perTable)
		p.data = p.l2 + int64(len(p.tables))
		p.total = p.data + int64(len(used))
		count := up(p.total, perRefs)
		if tables := up(count, perTable); count <= p.refCount && tables <= p.refTables {
			return p
		} else {
			p.refCount, p.refTables = count, tables
		}
	}
}

// up divides and rounds up.
func up(n, by int64) int64 { return (n + by - 1) / by }

var be = binary.BigEndian

func (p places) header(size int64) []byte {
	b := make([]byte, headerSize+8) // an empty list of extensions follows
	copy(b, "QFI\xfb")
	be.PutUint32(b[4:], version)
	be.PutUint32(b[20:], clusterBits)
	be.PutUint64(b[24:], uint64(size))
	be.PutUint32(b[36:], uint32(p.l1Size))
	be.PutUint64(b[40:], uint64(p.l1*cluster))
	be.PutUint64(b[48:], uint64(p.refTable*cluster))
	be.PutUint32(b[56:], uint32(p.refTables))
	be.PutUint32(b[96:], refOrder)
	be.PutUint32(b[100:], headerSize)
	return b
}

func (p places) encodeRefTable() []byte {
	var b []byte
	for i := range p.refCount {
		b = be.AppendUint64(b, uint64((p.refBlocks+i)*cluster))
	}
	return b
}

// encodeRefs counts one user of every cluster.
func (p places) encodeRefs() []byte {
	b := make([]byte, 2*p.total)
	for i := range p.total {
		be.PutUint16(b[2*i:], 1)
	}
	return b
}

func (p places) encodeL1() []byte {
	b := make([]byte, 8*p.l1Size)
	for i, number := range p.tables {
		be.PutUint64(b[8*number:], uint64((p.l2+int64(i))*cluster)|copied)
	}
	return b
}

func (p places) encodeL2(table int64) []byte {
	b := make([]byte, cluster)
	for i, number := range p.used {
		if number/perTable == table {
			be.PutUint64(b[8*(number%perTable):], uint64((p.data+int64(i))*cluster)|copied)
		}
	}
	return b
}
