package media

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"os"

	"github.com/imgbuild/imgbuild/build/extent"
)

// Medium is an artifact and how it is composed.
type Medium struct {
	// Name is the file's.
	Name    string
	compose func() (*extent.Image, error)
}

// Write composes the medium and writes it to an empty file, with holes where it is zero. It returns its
// size in bytes and its SHA-256 in hex. Media of one Set may be written side by side.
func (m Medium) Write(ctx context.Context, f *os.File) (size int64, sum string, err error) {
	image, err := m.compose()
	if err != nil {
		return 0, "", err
	}
	w := &sparseWriter{ctx: ctx, f: f, hash: sha256.New()}
	if err := image.WriteSparse(w); err != nil {
		return 0, "", err
	}
	w.zeros(image.Size())
	return image.Size(), hex.EncodeToString(w.hash.Sum(nil)), nil
}

// sparseWriter hashes what is written, and the holes between: reading an image once
// more for its sum would double the time it takes.
type sparseWriter struct {
	ctx  context.Context
	f    *os.File
	hash hash.Hash
	at   int64 // what is hashed so far
}

func (w *sparseWriter) Truncate(size int64) error { return w.f.Truncate(size) }

// WriteAt implements io.WriterAt for writes in ascending order.
func (w *sparseWriter) WriteAt(b []byte, at int64) (int, error) {
	if err := w.ctx.Err(); err != nil {
		return 0, err
	}
	if at < w.at {
		panic(fmt.Sprintf("BUG: writing at %d after %d", at, w.at))
	}
	w.zeros(at)
	w.hash.Write(b)
	w.at += int64(len(b))
	return w.f.WriteAt(b, at)
}

// zeros hashes a hole that ends at to.
func (w *sparseWriter) zeros(to int64) {
	for w.at < to {
		n := min(to-w.at, int64(len(hole)))
		w.hash.Write(hole[:n])
		w.at += n
	}
}

// hole is never written to.
var hole [64 << 10]byte
