package gptedit

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

// Sector is the unit of the tables that are read here, in bytes. A disk of larger
// sectors has its table elsewhere, and so none that is found.
const Sector = 512

// ErrNone says that there is no partition table.
var ErrNone = errors.New("no GUID partition table")

// Places in a header (UEFI specification, table 5.5).
const (
	signature   = "EFI PART"
	atLength    = 12
	atSum       = 16
	atSelf      = 24
	atOther     = 32
	atLastUse   = 48
	atDisk      = 56
	atTable     = 72
	atCount     = 80
	atEach      = 84
	atTableSum  = 88
	leastHeader = 92

	leastEntry  = 128
	mostEntries = 1 << 20 // bytes
)

var le = binary.LittleEndian

// readHeader reads and checks the header in a sector and the entries that it names,
// filled up to whole sectors.
func readHeader(disk io.ReaderAt, sector int64) (header, entries []byte, err error) {
	header = make([]byte, Sector)
	if n, err := disk.ReadAt(header, sector*Sector); n < len(header) {
		if err == io.EOF {
			err = ErrNone
		}
		return nil, nil, err
	}
	if string(header[:8]) != signature {
		return nil, nil, ErrNone
	}
	if !IsHeader(header, sector) {
		return nil, nil, errors.New("the checksum of its header is wrong")
	}
	table, each := int64(le.Uint64(header[atTable:])), int64(le.Uint32(header[atEach:]))
	size := int64(le.Uint32(header[atCount:])) * each
	if each < leastEntry || size <= 0 || size > mostEntries || table < 2 || table > 1<<52 {
		return nil, nil, fmt.Errorf("%d bytes of entries in sector %d", size, table)
	}
	entries = make([]byte, (size+Sector-1)/Sector*Sector)
	if n, err := disk.ReadAt(entries, table*Sector); n < len(entries) {
		return nil, nil, fmt.Errorf("reading its entries: %w", err)
	}
	if crc32.ChecksumIEEE(entries[:size]) != le.Uint32(header[atTableSum:]) {
		return nil, nil, errors.New("the checksum of its entries is wrong")
	}
	return header, entries, nil
}

// IsHeader says whether a piece of a disk of 512 bytes and more begins with the header of a table that is whole and lies in a sector; sector 0
// stands for wherever it says that it lies.
func IsHeader(b []byte, sector int64) bool {
	length := le.Uint32(b[atLength:])
	if string(b[:8]) != signature || length < leastHeader || length > Sector || sector != 0 && int64(le.Uint64(b[atSelf:])) != sector {
		return false
	}
	whole := bytes.Clone(b[:length])
	setSum(whole)
	return bytes.Equal(whole, b[:length])
}

func setSum(header []byte) {
	clear(header[atSum : atSum+4])
	le.PutUint32(header[atSum:], crc32.ChecksumIEEE(header))
}
