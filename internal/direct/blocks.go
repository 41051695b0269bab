package direct

import "io"

// unit is how much is read at once, in bytes. The marks at a device's end are few reads then, and each is a small one.
const unit = 64 << 10

// blocks is what Blocks returns.
type blocks struct {
	from io.ReaderAt
	size int64
	have map[int64][]byte
}

// Blocks reads anything of a device of so many bytes that was opened with O_DIRECT: whole blocks into memory as that
// wants them, each once, for many marks lie beside each other. It is for one look, and for one goroutine.
func Blocks(from io.ReaderAt, size int64) io.ReaderAt {
	return &blocks{from: from, size: size, have: map[int64][]byte{}}
}

// ReadAt implements io.ReaderAt.
func (c *blocks) ReadAt(p []byte, at int64) (n int, err error) {
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

// rest is what follows a place in its block. Where a block cannot be read, the small one may: one bad sector is to hide no others.
func (c *blocks) rest(at int64) ([]byte, error) {
	for size := int64(unit); ; size = Block {
		start := at / size * size
		b, err := c.block(start, size)
		if err == nil {
			return b[min(at-start, int64(len(b))):], nil
		}
		if size == Block {
			return nil, err
		}
	}
}

// block reads one, or what the device has of it.
func (c *blocks) block(start, size int64) ([]byte, error) {
	if b, ok := c.have[start]; ok && int64(len(b)) >= min(size, c.size-start) {
		return b, nil
	}
	b := Buffer(int(size))
	n, err := c.from.ReadAt(b, start)
	if int64(n) < min(size, c.size-start) {
		if err == nil {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	c.have[start] = b[:n]
	return b[:n], nil
}
