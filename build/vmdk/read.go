package vmdk

import (
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/imgbuild/imgbuild/build/foreign"
)

// Disk is the disk that a sparse VMDK in one file holds.
type Disk struct {
	file      io.ReaderAt
	size      int64
	grain     int64 // in bytes
	perTable  int64
	directory []byte

	lastRead sync.Mutex // holds the fields below
	table    []byte     // the table read last,
	tableAt  int64      // and its sector; 0 for none
}

const (
	flagCompressed = 1 << 16
	zeroGrain      = 1 // stands for a grain of zeros
	maxDirectory   = 4 << 20
)

// Open reads the header of a sparse disk in one file. One that is compressed, as those
// for transport are, is an error.
func Open(file io.ReaderAt) (*Disk, error) {
	d, err := open(file)
	if err != nil {
		return nil, fmt.Errorf("reading a VMDK: %w", err)
	}
	return d, nil
}

func open(file io.ReaderAt) (*Disk, error) {
	h := make([]byte, sector)
	if err := foreign.Read(file, h, 0); err != nil {
		return nil, err
	}
	if string(h[:4]) != "KDMV" {
		return nil, errors.New("it does not begin as a sparse one")
	}
	if le.Uint32(h[8:])&flagCompressed != 0 {
		return nil, errors.New("it is compressed for transport; qemu-img convert unpacks it")
	}
	capacity, grains, at := int64(le.Uint64(h[12:])), int64(le.Uint64(h[20:])), int64(le.Uint64(h[56:]))
	d := &Disk{file: file, size: capacity * sector, grain: grains * sector, perTable: int64(le.Uint32(h[44:]))}
	if capacity < 0 || capacity > 1<<44 || grains < 1 || grains > 1<<16 || d.perTable < 1 || d.perTable > 1<<16 || at < 1 || at > 1<<44 {
		return nil, fmt.Errorf("a disk of %d sectors in grains of %d, %d to a table", capacity, grains, d.perTable)
	}
	d.directory = make([]byte, 4*up(up(d.size, d.grain), d.perTable))
	if len(d.directory) > maxDirectory {
		return nil, fmt.Errorf("its directory has %d bytes, more than %d", len(d.directory), maxDirectory)
	}
	if err := foreign.Read(file, d.directory, at*sector); err != nil {
		return nil, err
	}
	return d, nil
}

// Size is the disk's, in bytes.
func (d *Disk) Size() int64 { return d.size }

// ReadAt reads from the disk.
func (d *Disk) ReadAt(p []byte, offset int64) (int, error) {
	return foreign.Stored{What: "a VMDK", Size: d.size, Piece: d.grain}.ReadAt(p, offset, d.part)
}

// part reads from within one grain.
func (d *Disk) part(p []byte, grain, within int64) error {
	d.lastRead.Lock()
	defer d.lastRead.Unlock()
	clear(p)
	at := int64(le.Uint32(d.directory[4*(grain/d.perTable):]))
	if at == 0 {
		return nil
	}
	if d.tableAt != at {
		d.tableAt, d.table = 0, make([]byte, 4*d.perTable)
		if err := foreign.Read(d.file, d.table, at*sector); err != nil {
			return err
		}
		d.tableAt = at
	}
	at = int64(le.Uint32(d.table[4*(grain%d.perTable):]))
	if at == 0 || at == zeroGrain {
		return nil
	}
	return foreign.Read(d.file, p, at*sector+within)
}
