package qcow

import (
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/imgbuild/imgbuild/build/foreign"
)

// Disk is the disk that a qcow2 image holds.
type Disk struct {
	file     io.ReaderAt
	size     int64
	bits     uint // of an offset within a cluster
	l1       []uint64
	zstd     bool
	lastRead sync.Mutex // holds the fields below
	table    []uint64   // the L2 table read last,
	tableAt  int64      // and where it lies; 0 for none
	unpacked []byte     // the compressed cluster read last,
	entry    uint64     // and its L2 entry; 0 for none
}

const (
	offsetMask    = (1<<56 - 1) &^ 511
	compressed    = 1 << 62
	allZero       = 1
	minBits       = 9
	maxBits       = 21
	maxL1         = 4 << 20 // entries, as QEMU limits them too
	featureDirty  = 1 << 0
	featureZstd   = 1 << 3
	featuresKnown = featureDirty | featureZstd
)

// Open reads the header and the first table of a qcow2 image, version 2 or 3, with
// compressed clusters or without. An image that is encrypted or builds on another
// file is an error.
func Open(file io.ReaderAt) (*Disk, error) {
	d, err := open(file)
	if err != nil {
		return nil, fmt.Errorf("reading a qcow2 image: %w", err)
	}
	return d, nil
}

func open(file io.ReaderAt) (*Disk, error) {
	h := make([]byte, headerSize+8)
	if n, err := file.ReadAt(h, 0); n < 72 {
		return nil, foreign.NoEOF(err)
	}
	if string(h[:4]) != "QFI\xfb" {
		return nil, errors.New("it does not begin as one")
	}
	d := &Disk{file: file, size: int64(be.Uint64(h[24:])), bits: uint(be.Uint32(h[20:]))}
	entries := int64(be.Uint32(h[36:]))
	switch v := be.Uint32(h[4:]); {
	case v != 2 && v != 3:
		return nil, fmt.Errorf("it is of version %d; accepted: 2 and 3", v)
	case be.Uint64(h[8:]) != 0:
		return nil, errors.New("it builds on another file; qemu-img convert makes one file of both")
	case be.Uint32(h[32:]) != 0:
		return nil, errors.New("it is encrypted")
	case v == 3 && be.Uint64(h[72:])&^featuresKnown != 0:
		return nil, fmt.Errorf("it needs features %#x, of which we do not know all", be.Uint64(h[72:]))
	case v == 3 && be.Uint64(h[72:])&featureZstd != 0:
		d.zstd = h[104] == 1
	}
	if d.bits < minBits || d.bits > maxBits || d.size < 0 {
		return nil, fmt.Errorf("a disk of %d bytes in clusters of 2^%d", d.size, d.bits)
	}
	reach := int64(1) << (2*d.bits - 3) // bytes of the disk behind one entry
	if need := up(d.size, reach); entries < need || need > maxL1 {
		return nil, fmt.Errorf("its first table has %d entries, a disk of %d bytes needs %d, at most %d", entries, d.size, need, maxL1)
	}
	var err error
	d.l1, err = d.numbers(int64(be.Uint64(h[40:])), up(d.size, reach))
	return d, err
}

// Size is the disk's, in bytes.
func (d *Disk) Size() int64 { return d.size }

// ReadAt reads from the disk.
func (d *Disk) ReadAt(p []byte, offset int64) (int, error) {
	return foreign.Stored{What: "a qcow2 image", Size: d.size, Piece: 1 << d.bits}.ReadAt(p, offset, d.part)
}

// part reads from within one cluster.
func (d *Disk) part(p []byte, cluster, within int64) error {
	d.lastRead.Lock()
	defer d.lastRead.Unlock()
	perTable := int64(1) << (d.bits - 3)
	at := int64(d.l1[cluster/perTable] & offsetMask)
	if at == 0 {
		clear(p)
		return nil
	}
	if d.tableAt != at {
		var err error
		d.tableAt = 0
		if d.table, err = d.numbers(at, perTable); err != nil {
			return err
		}
		d.tableAt = at
	}
	entry := d.table[cluster%perTable]
	switch {
	case entry&compressed != 0:
		if err := d.unpack(entry); err != nil {
			return err
		}
		copy(p, d.unpacked[within:])
		return nil
	case entry&allZero != 0 || entry&offsetMask == 0:
		clear(p)
		return nil
	}
	return foreign.Read(d.file, p, int64(entry&offsetMask)+within)
}

// numbers reads a table of count entries.
func (d *Disk) numbers(at, count int64) ([]uint64, error) {
	b := make([]byte, 8*count)
	if err := foreign.Read(d.file, b, at); err != nil {
		return nil, err
	}
	table := make([]uint64, count)
	for i := range table {
		table[i] = be.Uint64(b[8*i:])
	}
	return table, nil
}
