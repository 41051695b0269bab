// Package vhd makes fixed virtual hard disks, which Azure and Hyper-V take: Microsoft's
// "Virtual Hard Disk Image Format Specification", version 1.0.
package vhd

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/imgbuild/imgbuild/build/extent"
)

const (
	footerSize = 512
	cookie     = "conectix"
	// creator names Hyper-V: readers that know other ones take the disk's size from
	// its geometry, which is seldom the exact size.
	creator   = "win "
	fixedDisk = 2
	// whole is what Azure wants the size to be a multiple of.
	whole = 1 << 20
	// most is the largest disk that the specification's readers take.
	most = 2040 << 30
)

// New returns the VHD of a disk: the disk itself and a footer. The disk's size must be
// a multiple of 1 MiB, of up to 2040 GiB. id is the VHD's UUID; made is when it was made, 2000 at the
// earliest.
func New(disk *extent.Image, id [16]byte, made time.Time) (*extent.Image, error) {
	if disk.Size() == 0 || disk.Size()%whole != 0 {
		return nil, fmt.Errorf("composing a VHD: the disk's %d bytes are no multiple of 1 MiB", disk.Size())
	}
	if disk.Size() > most {
		return nil, fmt.Errorf("composing a VHD: the disk's %d bytes are more than %d", disk.Size(), int64(most))
	}
	image := extent.New(disk.Size() + footerSize)
	image.Place(0, disk)
	image.Place(disk.Size(), bytes.NewReader(footer(disk.Size(), id, made)))
	return image, nil
}

func footer(size int64, id [16]byte, made time.Time) []byte {
	be := binary.BigEndian
	b := make([]byte, footerSize)
	copy(b, cookie)
	be.PutUint32(b[8:], 2)           // a bit that is always set
	be.PutUint32(b[12:], 0x00010000) // version
	be.PutUint64(b[16:], ^uint64(0)) // no further header
	be.PutUint32(b[24:], seconds(made))
	copy(b[28:], creator)
	be.PutUint32(b[32:], 0x00060001) // the creator's version
	copy(b[36:], "Wi2k")             // and system
	be.PutUint64(b[40:], uint64(size))
	be.PutUint64(b[48:], uint64(size))
	cylinders, heads, sectors := geometry(size / 512)
	be.PutUint16(b[56:], uint16(cylinders))
	b[58], b[59] = byte(heads), byte(sectors)
	be.PutUint32(b[60:], fixedDisk)
	copy(b[68:], id[:])
	sum := uint32(0)
	for _, c := range b {
		sum += uint32(c)
	}
	be.PutUint32(b[64:], ^sum)
	return b
}

// seconds counts from the start of 2000, UTC.
func seconds(t time.Time) uint32 {
	return uint32(max(t.Unix()-time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).Unix(), 0))
}

// geometry is the appendix "CHS Calculation" of the specification.
func geometry(total int64) (cylinders, heads, sectors int64) {
	total = min(total, 65535*16*255)
	if total >= 65535*16*63 {
		return total / 255 / 16, 16, 255
	}
	sectors = 17
	heads = max((total/sectors+1023)/1024, 4)
	if total/sectors >= heads*1024 || heads > 16 {
		sectors, heads = 31, 16
	}
	if total/sectors >= heads*1024 {
		sectors, heads = 63, 16
	}
	return total / sectors / heads, heads, sectors
}
