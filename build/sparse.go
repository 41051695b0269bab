package build

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/imgbuild/imgbuild/build/extent"
)

// sparse writes an image as an artifact, with holes where it is zero. It may run
// beside others; the caller keeps what it returns.
func (s *staging) sparse(ctx context.Context, name string, readers fs.FileMode, image *extent.Image) (_ Artifact, err error) {
	final := filepath.Join(s.dir, name)
	f, err := os.OpenFile(s.tmp.Join(name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, readers)
	if err != nil {
		return Artifact{}, fmt.Errorf("writing %s: %w", final, err)
	}
	w := &sparseWriter{ctx: ctx, f: f, hash: sha256.New()}
	err = errors.Join(image.WriteSparse(w), f.Close())
	if err != nil {
		return Artifact{}, fmt.Errorf("writing %s: %w", final, err)
	}
	w.zeros(image.Size())
	return Artifact{Name: name, Path: final, Size: image.Size(), SHA256: hex.EncodeToString(w.hash.Sum(nil))}, nil
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
