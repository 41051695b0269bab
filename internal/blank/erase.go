package blank

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"github.com/imgbuild/imgbuild/internal/direct"
)

// Disk is what is erased.
type Disk interface {
	io.ReaderAt
	io.WriterAt
}

// Part is a piece of a disk that somebody may take for a disk of its own: a partition.
type Part = Place

// Erase makes a device of so many bytes blank: it writes zeros over what is not zero in the places of each part and
// then in its own, the disk's beginning last. So as long as it is not done the device is not blank, and whoever begins again
// finds what is left to do. Progress is told how many of all bytes are looked at. It returns how many bytes were not zero,
// in pieces of a block.
func Erase(ctx context.Context, d Disk, size int64, parts []Part, progress func(done, total int64)) (written int64, err error) {
	var list []Place
	for _, part := range parts {
		for _, p := range Places(part.Size) {
			list = append(list, Place{part.At + p.At, p.Size})
		}
	}
	list = tidy(list, size)
	own := Places(size)
	for i := len(own) - 1; i >= 0; i-- {
		list = append(list, own[i])
	}
	var done, total int64
	for _, p := range list {
		total += p.Size
	}
	e := eraser{d, direct.Buffer(piece), direct.Buffer(piece)}
	for _, p := range list {
		for rest := p.Size; rest > 0; { // backwards
			n := min(rest, piece)
			if ctx.Err() != nil {
				return written, context.Cause(ctx)
			}
			wrote, err := e.clear(p.At+rest-n, n)
			if written += wrote; err != nil {
				return written, err
			}
			rest -= n
			done += n
			progress(done, total)
		}
	}
	return written, nil
}

// piece is how much is read at once, in bytes.
const piece = 1 << 20

type eraser struct {
	d          Disk
	read, zero []byte
}

// clear writes zeros to n bytes where they are not zeros already: a disk of a pool takes room for what is written to it. What
// cannot be read may still be written.
func (e eraser) clear(at, n int64) (wrote int64, err error) {
	b := e.read[:n]
	if _, err := e.d.ReadAt(b, at); err != nil {
		copy(b, bytes.Repeat([]byte{1}, len(b)))
	}
	for end := n; end > 0; {
		start := (end - 1) &^ (block - 1)
		if !bytes.Equal(b[start:end], e.zero[start:end]) {
			for start > 0 && !bytes.Equal(b[start-block:start], e.zero[:block]) {
				start -= block
			}
			if _, err := e.d.WriteAt(e.zero[start:end], at+start); err != nil {
				return wrote, fmt.Errorf("writing %d zeros at byte %d: %w", end-start, at+start, err)
			}
			wrote += end - start
		}
		end = start
	}
	return wrote, nil
}
