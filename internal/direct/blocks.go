package direct

import (
	"errors"
	"fmt"
	"io"
)

// unit is how much is read at once, in bytes. The marks at a device's end are few reads then, and each is a small one.
const unit = 64 << 10

// Pieces reads anything of a device that was opened with O_DIRECT: whole blocks into memory as that
// wants them, each once, for many marks lie beside each other. It is for one look, and for one goroutine.
type Pieces struct {
	from io.ReaderAt
	size int64
	have map[piece]answer
	bad  []error
}

// piece is a run of size bytes of the device, a multiple of which it begins at.
type piece struct{ start, size int64 }

type answer struct {
	bytes []byte
	err   error
}

// Blocks reads a device of so many bytes.
func Blocks(from io.ReaderAt, size int64) *Pieces {
	return &Pieces{from: from, size: size, have: map[piece]answer{}}
}

// Err is what could not be read of all that was wanted so far, or lies close to it: once for each place.
func (c *Pieces) Err() error { return errors.Join(c.bad...) }

// ReadAt implements io.ReaderAt.
func (c *Pieces) ReadAt(p []byte, at int64) (n int, err error) {
	for n < len(p) {
		b, err := c.rest(at + int64(n))
		if err != nil {
			return n, err
		}
		if len(b) == 0 {
			return n, io.EOF
		}
		n += copy(p[n:], b)
	}
	return n, nil
}

// rest is what follows a place in its unit. Where that cannot be read, its block may: one bad sector is to hide no others.
func (c *Pieces) rest(at int64) ([]byte, error) {
	p := piece{at / unit * unit, unit}
	b, err := c.piece(p)
	if err != nil {
		p = piece{at / Block * Block, Block}
		b, err = c.piece(p)
	}
	return b[min(at-p.start, int64(len(b))):], err
}

// piece reads one, or what the device has of it; nothing with an error.
func (c *Pieces) piece(p piece) ([]byte, error) {
	if a, ok := c.have[p]; ok {
		return a.bytes, a.err
	}
	b, want := Buffer(int(p.size)), max(min(p.size, c.size-p.start), 0)
	n, err := c.from.ReadAt(b, p.start)
	a := answer{bytes: b[:min(int64(n), want)]}
	if int64(n) < want {
		if err == nil {
			err = io.ErrUnexpectedEOF
		}
		a = answer{err: fmt.Errorf("reading %d bytes at byte %d: %w", want, p.start, err)}
		if p.size == unit {
			c.bad = append(c.bad, a.err)
		}
	}
	c.have[p] = a
	return a.bytes, a.err
}
