package extent

import (
	"bytes"
	"fmt"
	"io"
)

// window is how many bytes Blocks reads at once.
const window = 1 << 20

// Blocks calls each with every block of the image that holds a byte other than
// zero, in order: its number and its bytes, which are valid until each returns. The
// last block is filled up with zeros. Since bytes decide and not the placing of
// contents, an image composed in memory and the file written from it have the same
// blocks. The block size must be a power of two of at most 1 MiB. An error of each
// ends the walk and is returned as it is.
func (m *Image) Blocks(size int64, each func(number int64, block []byte) error) error {
	buf := make([]byte, window)
	next := int64(0) // the first byte not walked yet, a multiple of size
	for _, e := range m.extents {
		from := max(next, e.offset&^(size-1))
		end := (e.end() + size - 1) &^ (size - 1)
		for ; from < end; from += int64(len(buf)) {
			buf = buf[:min(window, end-from)]
			n, err := m.ReadAt(buf, from)
			if err != nil && err != io.EOF {
				return err
			}
			clear(buf[n:])
			for at := int64(0); at < int64(len(buf)); at += size {
				if block := buf[at : at+size]; !zero(block) {
					if err := each((from+at)/size, block); err != nil {
						return err
					}
				}
			}
		}
		next = max(next, end)
	}
	return nil
}

// zero compares b with itself, shifted by one: memequal does that some ten times as
// fast as a loop of ours.
func zero(b []byte) bool { return b[0] == 0 && bytes.Equal(b[1:], b[:len(b)-1]) }

// Target is a file that an image can be written to: *os.File is.
type Target interface {
	io.WriterAt
	Truncate(size int64) error
}

// sparseBlock is the allocation unit of the common file systems.
const sparseBlock = 4096

// WriteSparse writes the image to an empty file and leaves holes where it is zero.
func (m *Image) WriteSparse(f Target) error {
	if err := f.Truncate(m.size); err != nil {
		return fmt.Errorf("setting the image's size to %d bytes: %w", m.size, err)
	}
	return m.Blocks(sparseBlock, func(number int64, block []byte) error {
		at := number * sparseBlock
		_, err := f.WriteAt(block[:min(sparseBlock, m.size-at)], at)
		return err
	})
}
