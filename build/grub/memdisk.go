package grub

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"math"

	"github.com/imgbuild/imgbuild/build/extent"
)

// Member is a file of GRUB's memory disk.
type Member struct {
	Name    string
	Content extent.Content
}

// What GRUB's modules lie in, one object after the other (include/grub/kernel.h: grub_module_info64, grub_module_header).
const (
	infoMagic    = 0x676d696d
	infoSize     = 24 // u32 magic, u32 filling, u64 offset of the first object, u64 size of all
	infoTotal    = 16
	objectHeader = 8 // u32 type, u32 size with this header
	memdiskType  = 1 // OBJ_TYPE_MEMDISK
	fillingType  = 0xffff
)

// appendDisk adds a memory disk with files, a tar archive, to GRUB's modules. Offsets are those of the files' contents, multiples of 512.
func appendDisk(modules []byte, files []Member) (*extent.Image, map[string]int64, error) {
	if len(modules) < infoSize || le.Uint32(modules) != infoMagic {
		return nil, nil, errors.New("its modules do not begin with GRUB's magic number")
	}
	used := le.Uint64(modules[infoTotal:])
	if used < infoSize || used > uint64(len(modules)) {
		return nil, nil, fmt.Errorf("its modules have %d bytes of %d", used, len(modules))
	}
	disk, offsets, err := Archive(files)
	if err != nil {
		return nil, nil, err
	}
	head := bytes.Clone(modules[:used])
	at := (len(head) + 2*objectHeader + sector - 1) / sector * sector // of the archive
	head = appendObject(head, fillingType, at-len(head)-objectHeader)
	head = append(head, make([]byte, at-len(head)-objectHeader)...)
	if disk.Size()+objectHeader > math.MaxUint32 {
		return nil, nil, fmt.Errorf("its files have %d bytes, more than 4 GiB", disk.Size())
	}
	head = appendObject(head, memdiskType, int(disk.Size())+objectHeader)
	le.PutUint64(head[infoTotal:], uint64(len(head))+uint64(disk.Size()))
	all := extent.New(int64(len(head)) + disk.Size())
	all.Place(0, bytes.NewReader(head[:used])) // by itself: what follows it changes with the files
	all.Place(int64(used), bytes.NewReader(head[used:]))
	all.Place(int64(len(head)), disk)
	for name := range offsets {
		offsets[name] += int64(len(head))
	}
	return all, offsets, nil
}

func appendObject(to []byte, kind uint32, size int) []byte {
	return le.AppendUint32(le.AppendUint32(to, kind), uint32(size))
}

// Archive is a tar archive (ustar) of files, which are not copied, and where their contents begin in it, in bytes: multiples of 512.
func Archive(files []Member) (*extent.Image, map[string]int64, error) {
	const end = 2 * sector // two blocks of zeros
	size := int64(end)
	for _, f := range files {
		size += sector + (f.Content.Size()+sector-1)/sector*sector
	}
	disk, offsets, at := extent.New(size), map[string]int64{}, int64(0)
	for _, f := range files {
		var header bytes.Buffer
		err := tar.NewWriter(&header).WriteHeader(&tar.Header{Name: f.Name, Mode: 0o444, Size: f.Content.Size(), Format: tar.FormatUSTAR})
		if err != nil {
			return nil, nil, fmt.Errorf("adding %s: %w", f.Name, err)
		}
		disk.Place(at, bytes.NewReader(header.Bytes()))
		at += int64(header.Len())
		offsets[f.Name] = at
		disk.Place(at, f.Content)
		at += (f.Content.Size() + sector - 1) / sector * sector
	}
	return disk, offsets, nil
}
