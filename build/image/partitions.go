package image

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/imgbuild/imgbuild/build/fat"
	"github.com/imgbuild/imgbuild/build/iso9660"
	"github.com/imgbuild/imgbuild/build/layout"
	"github.com/imgbuild/imgbuild/build/squashfs"
	"github.com/imgbuild/imgbuild/internal/gptedit"
)

// Partition is a part of a disk.
type Partition struct {
	// Name is that of its folder: from the partition table, or p1, p2 …
	Name string
	// Type is a GUID, or two hex digits in an MBR.
	Type string
	// Offset and Size in bytes.
	Offset, Size int64
}

// Partitions reads the partition table of a disk: GPT, and where there is none the four
// entries of the MBR.
func Partitions(disk io.ReaderAt, size int64) ([]Partition, error) {
	t, err := gptedit.ReadEither(disk, size/layout.Sector)
	if errors.Is(err, gptedit.ErrNone) {
		head := make([]byte, layout.Sector)
		n, _ := disk.ReadAt(head, 0)
		return readMBR(head[:n], size), nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading a partition table: %w", err)
	}
	var all []Partition
	taken := map[string]bool{}
	for i, p := range t.Partitions() {
		if p.First < 2 || p.Last < p.First || p.Last >= size/layout.Sector {
			return nil, fmt.Errorf("reading a partition table: a partition from sector %d to %d, the disk has %d", p.First, p.Last, size/layout.Sector)
		}
		name := folderName(t.Name(p.Number))
		if name == "" || taken[name] {
			name = fmt.Sprintf("p%d", i+1)
		}
		taken[name] = true
		all = append(all, Partition{name, t.Type(p.Number), p.First * layout.Sector, (p.Last - p.First + 1) * layout.Sector})
	}
	return all, nil
}

// Whole tells whether a disk or a file system lies in the file to its end, as far as its
// own tables say where that is: nil, or what is wrong.
func (m *Image) Whole() (err error) {
	// A virtual disk that is cut off should be found out before it is written anywhere.
	if d, ok := m.Content.(interface{ Whole() error }); ok {
		if err := d.Whole(); err != nil {
			return err
		}
	}
	switch m.Kind {
	case Disk, QCOW2, VMDK, VHD:
		_, err = Partitions(m.Content, m.Content.Size())
	case ISO:
		_, err = iso9660.Open(m.Content, m.Content.Size())
	case FAT:
		_, err = fat.Open(m.Content, m.Content.Size())
	case Squashfs:
		_, err = squashfs.Open(m.Content, m.Content.Size())
	}
	return err
}

// readMBR reads the entries of an MBR that lie within the disk.
func readMBR(head []byte, size int64) []Partition {
	const table, entry = 446, 16
	if len(head) < layout.Sector || head[510] != 0x55 || head[511] != 0xaa {
		return nil
	}
	var all []Partition
	for i := range 4 {
		e := head[table+i*entry:][:entry]
		start, sectors := int64(binary.LittleEndian.Uint32(e[8:])), int64(binary.LittleEndian.Uint32(e[12:]))
		if bytes.Equal(e, make([]byte, entry)) || e[4] == 0 {
			continue
		}
		if e[0]&0x7f != 0 || sectors == 0 || (start+sectors)*layout.Sector > size {
			return nil // no partition table, whatever it is
		}
		all = append(all, Partition{fmt.Sprintf("p%d", i+1), fmt.Sprintf("%02x", e[4]), start * layout.Sector, sectors * layout.Sector})
	}
	return all
}

// folderName makes a folder's name of a partition's.
func folderName(name string) string {
	return strings.Trim(strings.Map(func(r rune) rune {
		if r < ' ' || r == '/' || r == 0x7f {
			return '_'
		}
		return r
	}, name), ". ")
}
