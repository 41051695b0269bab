// Package gptedit changes GUID partition tables (UEFI specification, chapter 5) in
// place, whoever made them: only the fields that a change is about, and all else,
// boot code, attributes and foreign fields among it, stays as it is.
package gptedit

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"strings"
	"unicode/utf16"
)

// Table is a partition table as it lies on a disk.
type Table struct {
	mbr, header, entries []byte
}

// Partition is a row of it.
type Partition struct {
	// Number counts from 1, as in the names of Linux' devices.
	Number int
	// GUID in lower case, as PARTUUID has it.
	GUID string
	// First and Last sector.
	First, Last int64
}

// Read reads the table at a disk's start. The error is ErrNone where there is none.
func Read(disk io.ReaderAt) (*Table, error) { return read(disk, 1) }

// ReadBackup reads the one in the last of a disk's sectors.
func ReadBackup(disk io.ReaderAt, sectors int64) (*Table, error) {
	t, err := read(disk, sectors-1)
	if err != nil {
		return nil, err
	}
	t.swap(1, 2, sectors-1)
	return t, nil
}

// ReadEither reads the table at a disk's start or, where that is damaged or missing, the one in the last of its sectors. If
// neither can be read, the error is the former's.
func ReadEither(disk io.ReaderAt, sectors int64) (*Table, error) {
	t, err := Read(disk)
	if err != nil {
		if backup, other := ReadBackup(disk, sectors); other == nil {
			return backup, nil
		}
	}
	return t, err
}

func read(disk io.ReaderAt, sector int64) (*Table, error) {
	t := &Table{mbr: make([]byte, Sector)}
	if n, err := disk.ReadAt(t.mbr, 0); n < Sector {
		if err == io.EOF {
			err = ErrNone
		}
		return nil, err
	}
	var err error
	if t.header, t.entries, err = readHeader(disk, sector); err != nil {
		return nil, err
	}
	return t, nil
}

// Clone copies a table, for changes.
func (t *Table) Clone() *Table {
	return &Table{bytes.Clone(t.mbr), bytes.Clone(t.header), bytes.Clone(t.entries)}
}

// GUID is the disk's, in lower case.
func (t *Table) GUID() string { return guid(t.header[atDisk:]) }

// Partitions lists the rows in use in their order.
func (t *Table) Partitions() []Partition {
	var list []Partition
	for n, e := range t.rows() {
		if !bytes.Equal(e[:16], make([]byte, 16)) {
			list = append(list, Partition{n + 1, guid(e[16:]), int64(le.Uint64(e[32:])), int64(le.Uint64(e[40:]))})
		}
	}
	return list
}

// Type is the GUID of a partition's type, in lower case.
func (t *Table) Type(number int) string { return guid(t.rows()[number-1]) }

// Name is what a table calls a partition, up to 36 UTF-16 units that end with 0.
func (t *Table) Name(number int) string {
	const units = 36
	var name []uint16
	for b := t.rows()[number-1][56:]; len(name) < units && le.Uint16(b) != 0; b = b[2:] {
		name = append(name, le.Uint16(b))
	}
	return string(utf16.Decode(name))
}

func (t *Table) rows() [][]byte {
	each := int(le.Uint32(t.header[atEach:]))
	list := make([][]byte, le.Uint32(t.header[atCount:]))
	for n := range list {
		list[n] = t.entries[n*each:][:each]
	}
	return list
}

// LastUsable is the last sector that a partition may have.
func (t *Table) LastUsable() int64 { return int64(le.Uint64(t.header[atLastUse:])) }

// Fit fits the table to a disk of so many sectors.
func (t *Table) Fit(sectors int64) error {
	lastUse := sectors - 2 - int64(len(t.entries))/Sector
	for _, p := range t.Partitions() {
		if p.Last > lastUse {
			return fmt.Errorf("a partition reaches to sector %d, where the disk has room up to %d", p.Last, lastUse)
		}
	}
	// The protective entry covers the disk. An MBR with more to tell is left alone,
	// but for that entry's end.
	const mbrTable, mbrEntry, protective = 446, 16, 0xee
	for i := range 4 {
		if e := t.mbr[mbrTable+i*mbrEntry:][:mbrEntry]; e[4] == protective && le.Uint32(e[8:]) == 1 {
			le.PutUint32(e[12:], uint32(min(sectors-1, math.MaxUint32)))
		}
	}
	le.PutUint64(t.header[atOther:], uint64(sectors-1))
	le.PutUint64(t.header[atLastUse:], uint64(lastUse))
	t.seal()
	return nil
}

// Extend lets a partition end with a sector.
func (t *Table) Extend(number int, last int64) {
	le.PutUint64(t.rows()[number-1][40:], uint64(last))
	t.seal()
}

// seal renews the checksums.
func (t *Table) seal() {
	size := le.Uint32(t.header[atCount:]) * le.Uint32(t.header[atEach:])
	le.PutUint32(t.header[atTableSum:], crc32.ChecksumIEEE(t.entries[:size]))
	setSum(t.header[:le.Uint32(t.header[atLength:])])
}

// swap makes the header of a table at one end of the disk that of the other.
func (t *Table) swap(self, entries, other int64) {
	le.PutUint64(t.header[atSelf:], uint64(self))
	le.PutUint64(t.header[atTable:], uint64(entries))
	le.PutUint64(t.header[atOther:], uint64(other))
	setSum(t.header[:le.Uint32(t.header[atLength:])])
}

// guid writes the 16 bytes as people do: the first three groups are little-endian
// (UEFI specification, appendix A).
func guid(b []byte) string {
	b = []byte{b[3], b[2], b[1], b[0], b[5], b[4], b[7], b[6], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]}
	return strings.Join([]string{hex.EncodeToString(b[:4]), hex.EncodeToString(b[4:6]), hex.EncodeToString(b[6:8]),
		hex.EncodeToString(b[8:10]), hex.EncodeToString(b[10:])}, "-")
}
