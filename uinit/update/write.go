package update

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/imgbuild/imgbuild/internal/direct"
	"github.com/imgbuild/imgbuild/internal/slot"
)

// chunk is how much is written and read at once, in bytes.
const chunk = 1 << 20

// sequential reads a device that was opened with O_DIRECT from its start.
func sequential(f io.Reader) io.Reader { return &blocks{from: f, buffer: direct.Buffer(chunk)} }

// blocks reads whole chunks into memory as O_DIRECT wants them.
type blocks struct {
	from         io.Reader
	buffer, rest []byte
}

func (b *blocks) Read(p []byte) (int, error) {
	if len(b.rest) == 0 {
		n, err := b.from.Read(b.buffer)
		if n <= 0 {
			return 0, errors.Join(err, onlyEOF(n, err))
		}
		b.rest = b.buffer[:n]
	}
	n := copy(p, b.rest)
	b.rest = b.rest[n:]
	return n, nil
}

func onlyEOF(n int, err error) error {
	if n == 0 && err == nil {
		return io.EOF
	}
	return nil
}

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

// errDiffers says that what was given is not what the manifest promises.
var errDiffers = errors.New("its SHA-256 is not the one in the manifest")

// part passes a part on, and compares it with the manifest.
func part(p slot.Part, to io.Writer, read func(to io.Writer) error) error {
	h := sha256.New()
	counted := &limited{io.MultiWriter(to, h), p.Size}
	if err := read(counted); err != nil {
		return err
	}
	if counted.left > 0 {
		return fmt.Errorf("%d bytes of %d are missing: %w", counted.left, p.Size, io.ErrUnexpectedEOF)
	}
	if hex.EncodeToString(h.Sum(nil)) != p.SHA256 {
		return errDiffers
	}
	return nil
}

// limited takes no more than it is to.
type limited struct {
	to   io.Writer
	left int64
}

func (l *limited) Write(p []byte) (int, error) {
	if int64(len(p)) > l.left {
		return 0, errors.New("there is more than the manifest says")
	}
	l.left -= int64(len(p))
	return l.to.Write(p)
}

// verify reads a slot from the disk and compares it with a manifest.
func verify(ctx context.Context, device string, text []byte, m *slot.Manifest) error {
	f, err := direct.Open(device, os.O_RDONLY)
	if err != nil {
		return err
	}
	defer f.Close()
	from := sequential(f)
	found, err := slot.ReadHead(from)
	if err != nil {
		return err
	}
	if string(found) != string(text) {
		return errors.New("the manifest on the disk is another one")
	}
	for _, p := range m.Parts {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		err := part(p, io.Discard, func(to io.Writer) error {
			_, err := io.CopyN(to, from, p.Size)
			return err
		})
		if err != nil {
			return fmt.Errorf("reading back %d bytes at %d: %w", p.Size, p.Offset, err)
		}
	}
	return nil
}
