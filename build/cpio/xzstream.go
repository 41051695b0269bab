package cpio

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// xzPieces follows a stream of the .xz file format 1.1.0: header, blocks, index,
// footer.
func xzPieces(in *layer) func() (int64, error) {
	w := &xzWalk{in: in}
	step := w.header
	return func() (int64, error) {
		n, next, err := step()
		step = next
		w.pos += n
		return n, err
	}
}

// xzStep returns the length of the piece at hand and the step behind it.
type xzStep func() (int64, xzStep, error)

type xzWalk struct {
	in *layer
	// pos within the current block or index, whose padding depends on it.
	pos int64
	// check is the length of a block's checksum.
	check int64
	// numbers of the index are still to come.
	numbers uint64
}

var errXZ = errors.New("the xz stream is damaged")

func (w *xzWalk) header() (int64, xzStep, error) {
	b, err := w.in.need(12)
	if err != nil {
		return 0, nil, err
	}
	var known bool
	// CRC64 and SHA-256 make the kernel refuse the stream (lib/xz/xz_dec_stream.c).
	if w.check, known = map[byte]int64{0: 0, 1: 4}[b[7]]; !known {
		return 0, nil, fmt.Errorf("the xz stream has a checksum of type %d, the kernel knows none but CRC32 (xz --check=crc32)", b[7])
	}
	return 12, w.block, nil
}

func (w *xzWalk) block() (int64, xzStep, error) {
	w.pos = 0
	b, err := w.in.need(1)
	if err != nil {
		return 0, nil, err
	}
	if b[0] == 0 {
		return 1, w.index, nil
	}
	b, err = w.in.need(4 * (int(b[0]) + 1))
	if err != nil {
		return 0, nil, err
	}
	return int64(len(b)), w.chunk, checkFilters(b)
}

// checkFilters looks at the dictionary size of a block header before a decompressor
// reserves what it says.
func checkFilters(b []byte) error {
	const lzma2 = 0x21
	flags, rest := b[1], b[2:]
	number := func() uint64 {
		v, n := binary.Uvarint(rest)
		if n <= 0 {
			rest = nil
			return 0
		}
		rest = rest[n:]
		return v
	}
	for _, size := range []byte{0x40, 0x80} {
		if flags&size != 0 {
			number()
		}
	}
	for range flags&3 + 1 {
		id, size := number(), number()
		if size > uint64(len(rest)) {
			return errXZ
		}
		// The dictionary is 2 or 3 times a power of two; 32 stands for 256 MiB.
		if id == lzma2 && size == 1 && rest[0] >= 31 {
			return fmt.Errorf("the xz dictionary is larger than %d bytes", maxWindow)
		}
		rest = rest[size:]
	}
	return nil
}

// chunk of LZMA2: a control byte, sizes, for a new state a byte of properties.
func (w *xzWalk) chunk() (int64, xzStep, error) {
	b, err := w.in.need(1)
	if err != nil {
		return 0, nil, err
	}
	switch control := b[0]; {
	case control == 0:
		return 1, w.blockEnd, nil
	case control < 3:
		if b, err = w.in.need(3); err != nil {
			return 0, nil, err
		}
		return 3 + int64(binary.BigEndian.Uint16(b[1:])) + 1, w.chunk, nil
	case control >= 0x80:
		if b, err = w.in.need(5); err != nil {
			return 0, nil, err
		}
		n := 5 + int64(binary.BigEndian.Uint16(b[3:])) + 1
		if control >= 0xc0 {
			n++
		}
		return n, w.chunk, nil
	}
	return 0, nil, errXZ
}

func (w *xzWalk) blockEnd() (int64, xzStep, error) {
	return padding(w.pos) + w.check, w.block, nil
}

func (w *xzWalk) index() (int64, xzStep, error) {
	n, size, err := w.number()
	// Two numbers for each block: its lengths packed and unpacked.
	w.numbers = 2 * n
	return size, w.records, err
}

func (w *xzWalk) records() (int64, xzStep, error) {
	if w.numbers > 0 {
		w.numbers--
		_, size, err := w.number()
		return size, w.records, err
	}
	const crc, footer = 4, 12
	return padding(w.pos) + crc + footer, func() (int64, xzStep, error) { return 0, nil, io.EOF }, nil
}

// number peeks at one of the format's variable-length integers.
func (w *xzWalk) number() (v uint64, size int64, err error) {
	b, err := w.in.peek(9)
	if err != nil && err != io.EOF {
		return 0, 0, err
	}
	v, n := binary.Uvarint(b)
	if n <= 0 {
		return 0, 0, errXZ
	}
	return v, int64(n), nil
}
