package gpt

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"unicode/utf16"

	"github.com/imgbuild/imgbuild/build/layout"
)

// ErrNone says that there is no partition table.
var ErrNone = errors.New("no GUID partition table")

// Read reads the partition table of a disk of the given size in bytes. Where the
// table at the disk's begin is damaged, the backup at its end is read; if both are,
// the error is the former's. Empty entries are left out.
func Read(disk io.ReaderAt, size int64) (layout.Disk, error) {
	d, err := readAt(disk, size, 1)
	if err != nil && size/layout.Sector > 2*layout.TableSectors {
		if backup, other := readAt(disk, size, size/layout.Sector-1); other == nil {
			return backup, nil
		}
	}
	if err != nil {
		return layout.Disk{}, fmt.Errorf("reading a partition table: %w", err)
	}
	return d, nil
}

// most is how many bytes of entries are read of a foreign table: 1024 of the usual size.
const most = 1024 * entrySize

func readAt(disk io.ReaderAt, size, sector int64) (layout.Disk, error) {
	h := make([]byte, layout.Sector)
	if _, err := disk.ReadAt(h, sector*layout.Sector); err != nil {
		if err == io.EOF {
			err = ErrNone
		}
		return layout.Disk{}, err
	}
	if string(h[:8]) != signature {
		return layout.Disk{}, ErrNone
	}
	length, sum := le.Uint32(h[12:]), le.Uint32(h[16:])
	if length < headerSize || length > layout.Sector {
		return layout.Disk{}, fmt.Errorf("the header's length is %d bytes, expected %d", length, headerSize)
	}
	clear(h[16:20])
	if got := crc32.ChecksumIEEE(h[:length]); got != sum {
		return layout.Disk{}, fmt.Errorf("the header's checksum is %08x, in it stands %08x", got, sum)
	}
	table, count, each := int64(le.Uint64(h[72:])), int64(le.Uint32(h[80:])), int64(le.Uint32(h[84:]))
	if each < entrySize || each%8 != 0 || count > most/each || table < 2 || table > size/layout.Sector {
		return layout.Disk{}, fmt.Errorf("%d entries of %d bytes from sector %d on", count, each, table)
	}
	entries := make([]byte, count*each)
	if _, err := disk.ReadAt(entries, table*layout.Sector); err != nil && (err != io.EOF || len(entries) > 0) {
		return layout.Disk{}, fmt.Errorf("reading the entries: %w", err)
	}
	if got, sum := crc32.ChecksumIEEE(entries), le.Uint32(h[88:]); got != sum {
		return layout.Disk{}, fmt.Errorf("the entries' checksum is %08x, in the header stands %08x", got, sum)
	}
	// The table's own idea of the disk's size: a larger disk may hold the image of a smaller.
	end := max(int64(le.Uint64(h[24:])), int64(le.Uint64(h[32:])))
	d := layout.Disk{GUID: unmix(h[56:]), Sectors: end + 1}
	for ; len(entries) > 0; entries = entries[each:] {
		e := entries[:entrySize]
		if bytes.Equal(e[:16], make([]byte, 16)) {
			continue
		}
		first, last := int64(le.Uint64(e[32:])), int64(le.Uint64(e[40:]))
		if first < 2 || last < first || last >= size/layout.Sector {
			return layout.Disk{}, fmt.Errorf("a partition from sector %d to %d, the disk has %d", first, last, size/layout.Sector)
		}
		var name []uint16
		for at := 56; at < entrySize && le.Uint16(e[at:]) != 0; at += 2 {
			name = append(name, le.Uint16(e[at:]))
		}
		d.Partitions = append(d.Partitions, layout.Partition{
			Name: string(utf16.Decode(name)), Type: unmix(e), GUID: unmix(e[16:]), Start: first, Size: last - first + 1,
		})
	}
	return d, nil
}

// unmix undoes GUID.Mixed, which is its own inverse.
func unmix(b []byte) layout.GUID { return layout.GUID(b[:16]).Mixed() }
