package cpio

import (
	"bufio"
	"fmt"
	"io"
)

// layer is a stream of archives, the file itself or what a compressed segment
// holds, with the position in it.
type layer struct {
	in    *bufio.Reader
	pos   int64
	close func()
}

func newLayer(r io.Reader) *layer {
	return &layer{in: bufio.NewReaderSize(r, 64<<10), close: func() {}}
}

// Read and ReadByte together keep decompressors from reading ahead of a segment's end.
func (l *layer) Read(p []byte) (int, error) {
	n, err := l.in.Read(p)
	l.pos += int64(n)
	return n, err
}

func (l *layer) ReadByte() (byte, error) {
	b, err := l.in.ReadByte()
	if err == nil {
		l.pos++
	}
	return b, err
}

// peek returns the next n bytes, or fewer and io.EOF at the end.
func (l *layer) peek(n int) ([]byte, error) { return l.in.Peek(n) }

// full fills b.
func (l *layer) full(b []byte) error {
	n, err := io.ReadFull(l.in, b)
	l.pos += int64(n)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// skip passes over n bytes.
func (l *layer) skip(n int64) error {
	const step = 1 << 20
	for n > 0 {
		m, err := l.in.Discard(int(min(n, step)))
		l.pos += int64(m)
		n -= int64(m)
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// skipZeros passes over the zeros between archives; io.EOF at the end.
func (l *layer) skipZeros() error {
	for {
		b, err := l.in.ReadByte()
		if err != nil {
			return err
		}
		if b != 0 {
			return l.in.UnreadByte()
		}
		l.pos++
	}
}

// TooLargeError says that compressed segments hold more than the reader was told to
// accept.
type TooLargeError struct {
	// Limit in bytes.
	Limit int64
}

func (e *TooLargeError) Error() string {
	return fmt.Sprintf("compressed segments hold more than %d bytes", e.Limit)
}

// bounded takes what it reads from the budget.
type bounded struct {
	in     io.Reader
	budget *int64
	limit  int64
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.in.Read(p)
	if *b.budget -= int64(n); *b.budget < 0 {
		return 0, &TooLargeError{b.limit}
	}
	return n, err
}
