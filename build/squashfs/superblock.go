// Package squashfs reads squashfs 4.0 file systems, as fs/squashfs/squashfs_fs.h of the
// kernel describes them, with everything that they record: owners, devices, hard links,
// extended attributes.
package squashfs

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"time"

	"github.com/imgbuild/imgbuild/build/foreign"
)

// ErrNone says that there is no squashfs.
var ErrNone = errors.New("no squashfs")

const (
	// Magic is what a squashfs begins with, in a superblock of so many bytes (struct squashfs_super_block).
	Magic          = "hsqs"
	SuperblockSize = 96

	minBlock = 4 << 10
	maxBlock = 1 << 20
	nowhere  = 1<<64 - 1 // of a table that is not there
)

var le = binary.LittleEndian

// Superblock is what a file system says of itself.
type Superblock struct {
	// Made is when.
	Made time.Time
	// BlockSize of file contents in bytes.
	BlockSize int
	// Compressor by its name: gzip, lzma, lzo, xz, lz4, zstd.
	Compressor string
	// Options of the compressor as it stores them; nil for its defaults.
	Options []byte
	Flags   Flags
	// Inodes and IDs are how many there are.
	Inodes, IDs int
	// Size of the file system in bytes; the file is usually filled up to 4 KiB.
	Size int64

	fragments                                                      int
	root                                                           uint64
	idTable, xattrTable, inodeTable, directoryTable, fragmentTable int64
}

// Flags say how it was made.
type Flags uint16

// Flags as squashfs_fs.h numbers them.
const (
	PlainInodes    Flags = 1 << 0
	PlainData      Flags = 1 << 1
	PlainFragments Flags = 1 << 3
	NoFragments    Flags = 1 << 4
	AlwaysFragment Flags = 1 << 5
	Duplicates     Flags = 1 << 6 // were looked for
	Exportable     Flags = 1 << 7
	PlainXattrs    Flags = 1 << 8
	NoXattrs       Flags = 1 << 9
	haveOptions    Flags = 1 << 10
	PlainIDs       Flags = 1 << 11
)

var compressors = map[uint16]string{1: "gzip", 2: "lzma", 3: "lzo", 4: "xz", 5: "lz4", 6: "zstd"}

func readSuperblock(file io.ReaderAt, size int64) (Superblock, error) {
	var s Superblock
	b := make([]byte, SuperblockSize)
	if n, err := file.ReadAt(b, 0); n < len(b) {
		if err == io.EOF {
			err = ErrNone
		}
		return s, err
	}
	if string(b[:4]) != Magic {
		return s, ErrNone
	}
	if v := [2]uint16{le.Uint16(b[28:]), le.Uint16(b[30:])}; v != [2]uint16{4, 0} {
		return s, fmt.Errorf("it is of version %d.%d; accepted: 4.0", v[0], v[1])
	}
	s = Superblock{
		Made: time.Unix(int64(le.Uint32(b[8:])), 0).UTC(), BlockSize: int(le.Uint32(b[12:])), Compressor: compressors[le.Uint16(b[20:])],
		Flags: Flags(le.Uint16(b[24:])), Inodes: int(le.Uint32(b[4:])), IDs: int(le.Uint16(b[26:])), Size: int64(le.Uint64(b[40:])),
		fragments: int(le.Uint32(b[16:])), root: le.Uint64(b[32:]),
		idTable: int64(le.Uint64(b[48:])), xattrTable: int64(le.Uint64(b[56:])), inodeTable: int64(le.Uint64(b[64:])),
		directoryTable: int64(le.Uint64(b[72:])), fragmentTable: int64(le.Uint64(b[80:])),
	}
	if s.Compressor == "" {
		return s, fmt.Errorf("its compressor has the unknown number %d", le.Uint16(b[20:]))
	}
	if s.BlockSize < minBlock || s.BlockSize > maxBlock || bits.OnesCount(uint(s.BlockSize)) != 1 {
		return s, fmt.Errorf("blocks of %d bytes; accepted: powers of two from %d to %d", s.BlockSize, minBlock, maxBlock)
	}
	if s.Size < SuperblockSize || s.Size > size {
		return s, fmt.Errorf("it has %d bytes, the file %d: %w", s.Size, size, io.ErrUnexpectedEOF)
	}
	for _, at := range []int64{s.idTable, s.inodeTable, s.directoryTable} {
		if at < SuperblockSize || at >= s.Size {
			return s, fmt.Errorf("a table lies at byte %d of %d", at, s.Size)
		}
	}
	if s.Flags&haveOptions != 0 {
		// They follow as a metadata block of their own, never compressed.
		var head [2]byte
		if err := foreign.Read(file, head[:], SuperblockSize); err != nil {
			return s, err
		}
		s.Options = make([]byte, le.Uint16(head[:])&^plainMetadata)
		if err := foreign.Read(file, s.Options, SuperblockSize+2); err != nil {
			return s, err
		}
	}
	return s, nil
}
