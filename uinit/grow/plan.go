// Package grow lets the last partition of the disk that the image was written to fill
// that disk, with the ext4 file system in it, while it is mounted.
//
// Power may fail at any moment. The backup at the disk's end is written first, then the
// table at its start: one of them is whole at any time, and with "gpt" on its line the
// kernel takes either (block/partitions/efi.c).
package grow

import (
	"errors"
	"fmt"

	"github.com/imgbuild/imgbuild/internal/gptedit"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// ErrLeft says that the disk is left as it is, and why.
var ErrLeft = errors.New("left as it is")

// State is what there is.
type State struct {
	// Sectors of the disk, of 512 bytes.
	Sectors int64
	// Table is that at the disk's start, Backup the one in its last sector; nil where there
	// is no whole one.
	Table, Backup *gptedit.Table
	// Number of the partition, and its sectors as the kernel knows them.
	Number       int
	Start, Known int64
	// FileSystem is the size of what is in it, in blocks of Block bytes; Block is 0 where it
	// is no ext4.
	FileSystem, Block int64
}

// Op is one change.
type Op interface{ String() string }

// Write is a write to the disk that is on the medium when it returns.
type Write struct {
	What string
	gptedit.Piece
}

// ResizePartition tells the kernel a partition's new size, in sectors.
type ResizePartition struct {
	Number         int
	Start, Sectors int64
}

// ResizeFileSystem grows ext4 to so many of its blocks.
type ResizeFileSystem struct{ Blocks int64 }

func (o Write) String() string { return fmt.Sprintf("write %s at byte %d", o.What, o.Offset) }
func (o ResizePartition) String() string {
	return fmt.Sprintf("resize partition %d to %d sectors", o.Number, o.Sectors)
}
func (o ResizeFileSystem) String() string { return fmt.Sprintf("resize ext4 to %d blocks", o.Blocks) }

// align is the number of sectors, 1 MiB, at whose multiples the partition ends.
const align = 2048

// Plan gives what is to be done, in this order; nothing where all is as wanted. Errors wrap ErrLeft.
func Plan(want spec.Growth, have State) ([]Op, error) {
	table, whole := have.Table, have.Table != nil
	if !whole {
		table = have.Backup
	}
	if table == nil {
		return nil, fmt.Errorf("%w: the disk has no partition table that is whole", ErrLeft)
	}
	part, err := find(table, want, have)
	if err != nil {
		return nil, err
	}
	table = table.Clone()
	if err := table.Fit(have.Sectors); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrLeft, err)
	}
	var ops []Op
	last := max((table.LastUsable()+1)/align*align-1, part.Last)
	if !whole || part.Last < last {
		table.Extend(part.Number, last)
		ops = append(ops, Write{"the backup of the partition table", table.Backup()})
		for _, p := range table.Start() {
			ops = append(ops, Write{"the partition table", p})
		}
	}
	size := last - part.First + 1
	if have.Known < size {
		ops = append(ops, ResizePartition{part.Number, part.First, size})
	}
	if have.Block == 0 {
		return ops, nil
	}
	if blocks := size * gptedit.Sector / have.Block; have.FileSystem < blocks {
		ops = append(ops, ResizeFileSystem{blocks})
	}
	return ops, nil
}

// find looks for the partition, and for reasons not to touch it.
func find(t *gptedit.Table, want spec.Growth, have State) (gptedit.Partition, error) {
	if t.GUID() != want.Disk {
		return gptedit.Partition{}, fmt.Errorf("%w: the disk is %s, the image's is %s", ErrLeft, t.GUID(), want.Disk)
	}
	var found gptedit.Partition
	for _, p := range t.Partitions() {
		if p.GUID == want.Partition && p.Number == have.Number && p.First == have.Start {
			found = p
		}
	}
	if found.Number == 0 {
		return found, fmt.Errorf("%w: partition %d is not %s, as the image has it", ErrLeft, have.Number, want.Partition)
	}
	for _, p := range t.Partitions() {
		if p.First > found.Last {
			return found, fmt.Errorf("%w: partition %d lies behind partition %d", ErrLeft, p.Number, found.Number)
		}
	}
	return found, nil
}
