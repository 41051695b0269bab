package cpio

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/adler32"
	"hash/crc32"
	"io"

	"github.com/anchore/go-lzo"
)

// What lzop(1) writes, and the kernel unpacks (lib/decompress_unlzo.c): the magic; a header, whose length
// depends on the file's name, with its checksum; blocks of at most 256 KiB, each with its sizes before it,
// unpacked and packed, and a checksum of what comes out; a size of 0. All numbers are big-endian.
// The kernel passes over the checksums unseen. Here they are compared.
const (
	lzopMagic = "\x89LZO\x00\r\n\x1a\n"
	lzopBlock = 256 << 10
	// lzopName is where the header tells the name's length: behind the magic, version, the library's,
	// the one needed (2 bytes each), method and level (1 each), flags, mode and time (4, 4, 8).
	lzopName = len(lzopMagic) + 2 + 2 + 2 + 1 + 1 + 4 + 4 + 8
)

// Flags of a header, as lzop's conf.h has them. C are checksums of packed blocks, D of unpacked ones.
const (
	lzopAdlerD, lzopAdlerC   = 0x1, 0x2
	lzopCRCD, lzopCRCC       = 0x100, 0x200
	lzopExtra, lzopMultipart = 0x40, 0x400
	lzopFilter, lzopHeadCRC  = 0x800, 0x1000
)

var errLZO = errors.New("the lzop stream is damaged")

type lzoReader struct {
	in  *layer
	sum hash.Hash32
	buf []byte
	// block is what was unpacked and not yet read.
	block []byte
}

func newLZO(in *layer) (*lzoReader, error) {
	b, err := in.need(lzopName + 1)
	if err != nil {
		return nil, err
	}
	if string(b[:len(lzopMagic)]) != lzopMagic {
		return nil, errLZO
	}
	// Before 0.94 there was neither a level nor the upper half of the time.
	if version := binary.BigEndian.Uint16(b[9:]); version < 0x940 {
		return nil, fmt.Errorf("the lzop stream is of version %#x; accepted: 0x940 and later", version)
	}
	flags := binary.BigEndian.Uint32(b[17:])
	if flags&(lzopExtra|lzopMultipart|lzopFilter) != 0 {
		return nil, fmt.Errorf("the lzop stream has the flags %#x, with a filter, an extra field or parts, which the kernel does not know", flags)
	}
	r := &lzoReader{in: in, buf: make([]byte, lzopBlock)}
	switch flags & (lzopAdlerD | lzopAdlerC | lzopCRCD | lzopCRCC) {
	case lzopAdlerD:
		r.sum = adler32.New()
	case lzopCRCD:
		r.sum = crc32.NewIEEE()
	default:
		return nil, errors.New("the lzop stream has not one checksum for each block, as the kernel takes for granted (lzop without -F or -C)")
	}
	if b, err = in.need(lzopName + 1 + int(b[lzopName]) + 4); err != nil {
		return nil, err
	}
	body, want := b[len(lzopMagic):len(b)-4], binary.BigEndian.Uint32(b[len(b)-4:])
	if got := adler32.Checksum(body); flags&lzopHeadCRC == 0 && got != want {
		return nil, errLZO
	}
	if got := crc32.ChecksumIEEE(body); flags&lzopHeadCRC != 0 && got != want {
		return nil, errLZO
	}
	return r, in.skip(int64(len(b)))
}

func (r *lzoReader) Read(p []byte) (int, error) {
	if len(r.block) == 0 {
		if err := r.next(); err != nil {
			return 0, err
		}
	}
	n := copy(p, r.block)
	r.block = r.block[n:]
	return n, nil
}

// next unpacks a block; io.EOF behind the last one.
func (r *lzoReader) next() error {
	var head [12]byte
	if err := r.in.full(head[:4]); err != nil {
		return err
	}
	size := binary.BigEndian.Uint32(head[:])
	if size == 0 {
		r.buf = nil
		return io.EOF
	}
	if err := r.in.full(head[4:]); err != nil {
		return err
	}
	packed, want := binary.BigEndian.Uint32(head[4:]), binary.BigEndian.Uint32(head[8:])
	if size > lzopBlock || packed == 0 || packed > size {
		return fmt.Errorf("a block of %d bytes, packed %d; the kernel takes %d, and none that packing made larger", size, packed, lzopBlock)
	}
	block := r.buf[:size]
	if packed == size { // not worth packing
		if err := r.in.full(block); err != nil {
			return err
		}
	} else if err := r.unpack(block, int(packed)); err != nil {
		return err
	}
	r.sum.Reset()
	r.sum.Write(block)
	if r.sum.Sum32() != want {
		return fmt.Errorf("%w: a block's checksum is %08x, and it says %08x", errLZO, r.sum.Sum32(), want)
	}
	r.block = block
	return nil
}

func (r *lzoReader) unpack(block []byte, packed int) error {
	b := make([]byte, packed)
	if err := r.in.full(b); err != nil {
		return err
	}
	n, err := lzo.Decompress(b, block)
	if err == nil && n != len(block) {
		err = errLZO
	}
	if err != nil {
		return fmt.Errorf("unpacking an LZO block: %w", err)
	}
	return nil
}
