// Package foreign is what readers of images of anyone's making share: where something is missing they say so, whatever
// the file's end says.
package foreign

import (
	"fmt"
	"io"
)

// Read fills b from a place in a file, in bytes. Where the file ends before, the error is io.ErrUnexpectedEOF.
func Read(file io.ReaderAt, b []byte, at int64) error {
	if n, err := file.ReadAt(b, at); n < len(b) {
		return NoEOF(err)
	}
	return nil
}

// NoEOF is an error of a read that had to find something.
func NoEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// Stored is a disk that an image stores in pieces, each of the same size.
type Stored struct {
	// What stores it, for errors: "a VMDK".
	What string
	// Size of the disk and of a piece, in bytes.
	Size, Piece int64
}

// ReadAt is io.ReaderAt's method. part reads from within one piece, by its number.
func (s Stored) ReadAt(p []byte, offset int64, part func(p []byte, number, within int64) error) (done int, err error) {
	if offset < 0 {
		return 0, fmt.Errorf("reading a disk at %d, before its start", offset)
	}
	for done < len(p) && offset < s.Size {
		within := offset % s.Piece
		next := p[done:]
		next = next[:min(int64(len(next)), s.Piece-within, s.Size-offset)]
		if err := part(next, offset/s.Piece, within); err != nil {
			return done, fmt.Errorf("reading %s, byte %d of the disk: %w", s.What, offset, err)
		}
		done, offset = done+len(next), offset+int64(len(next))
	}
	if done < len(p) {
		return done, io.EOF
	}
	return done, nil
}
