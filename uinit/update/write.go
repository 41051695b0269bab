package update

import (
	"errors"
	"os"

	"github.com/imgbuild/imgbuild/internal/direct"
)

// writer fills a slot from its start, past the page cache: one chunk is written while the next one comes and is hashed. What begins the
// slot is written last, so that nobody takes a half for a whole.
type writer struct {
	f      *os.File
	filled int
	at     int64 // of the buffer, in the slot
	first  []byte
	buffer []byte
	// other is written at the moment, as long as writing is not nil; that takes how it went.
	other   []byte
	writing chan error
}

func newWriter(f *os.File) *writer {
	return &writer{f: f, buffer: direct.Buffer(chunk), other: direct.Buffer(chunk)}
}

// Write implements io.Writer.
func (w *writer) Write(p []byte) (n int, err error) {
	for n < len(p) {
		c := copy(w.buffer[w.filled:], p[n:])
		n, w.filled = n+c, w.filled+c
		if w.filled == len(w.buffer) {
			if err := w.flush(); err != nil {
				return n, err
			}
		}
	}
	return n, nil
}

// flush has the buffer written, filled up to a block: a slot's partition ends with one. The error may be that of the chunk before.
func (w *writer) flush() error {
	if err := w.wait(); err != nil {
		return err
	}
	size := (w.filled + direct.Block - 1) / direct.Block * direct.Block
	clear(w.buffer[w.filled:size])
	if w.first == nil {
		w.first = direct.Buffer(direct.Block)
		copy(w.first, w.buffer[:size])
		clear(w.buffer[:min(direct.Block, size)])
	}
	written, at := w.buffer[:size], w.at
	w.buffer, w.other, w.writing = w.other, w.buffer, make(chan error, 1)
	w.at, w.filled = w.at+int64(w.filled), 0
	go func(done chan<- error) {
		_, err := w.f.WriteAt(written, at)
		done <- err
	}(w.writing)
	return nil
}

// wait returns how the write went that is under way.
func (w *writer) wait() error {
	if w.writing == nil {
		return nil
	}
	err := <-w.writing
	w.writing = nil
	return err
}

// finish writes what is left, and then the beginning.
func (w *writer) finish() error {
	if w.filled > 0 {
		if err := w.flush(); err != nil {
			return err
		}
	}
	if err := errors.Join(w.wait(), w.f.Sync()); err != nil {
		return err
	}
	if _, err := w.f.WriteAt(w.first, 0); err != nil {
		return err
	}
	return w.f.Sync()
}
