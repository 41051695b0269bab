package cpio

import (
	"encoding/binary"
	"fmt"
	"io"

	"github.com/pierrec/lz4/v4"
)

// LZ4's legacy format, which is what the kernel unpacks (lib/decompress_unlz4.c): the
// magic, then blocks, each with its packed size before it and at most 8 MiB in it. It
// has no end mark: what cannot be a block's size belongs to what follows.
const (
	lz4Magic = 0x184c2102
	lz4Block = 8 << 20
)

type lz4Reader struct {
	in     *layer
	packed []byte
	buf    []byte
	block  []byte
}

func newLZ4(in *layer) (*lz4Reader, error) {
	return &lz4Reader{in: in, buf: make([]byte, lz4Block)}, in.skip(4)
}

func (r *lz4Reader) Read(p []byte) (int, error) {
	for len(r.block) == 0 {
		if err := r.next(); err != nil {
			return 0, err
		}
	}
	n := copy(p, r.block)
	r.block = r.block[n:]
	return n, nil
}

func (r *lz4Reader) next() error {
	b, err := r.in.peek(4)
	if len(b) < 4 {
		return err
	}
	size := binary.LittleEndian.Uint32(b)
	switch {
	case size == lz4Magic:
		return r.in.skip(4)
	case size == 0 || int64(size) > int64(lz4.CompressBlockBound(lz4Block)):
		return io.EOF
	}
	if err := r.in.skip(4); err != nil {
		return err
	}
	if uint32(cap(r.packed)) < size {
		r.packed = make([]byte, size)
	}
	if err := r.in.full(r.packed[:size]); err != nil {
		return err
	}
	n, err := lz4.UncompressBlock(r.packed[:size], r.buf)
	if err != nil {
		return fmt.Errorf("unpacking an LZ4 block: %w", err)
	}
	r.block = r.buf[:n]
	return nil
}
