package segments

import (
	"io"
	"os"

	"github.com/imgbuild/imgbuild/build/cache"
)

// Packed is a segment as bytes on disk, compressed.
type Packed struct {
	Name string
	// Size in bytes.
	Size int64
	open func() (Content, error)
}

// Content is a run of bytes that can be read at random: an extent.Content that is open.
type Content interface {
	io.ReaderAt
	io.Closer
	Size() int64
}

// Open opens the segment. What is read of it is what was packed, or the error of that is a *cache.DamageError.
func (p Packed) Open() (Content, error) { return p.open() }

// Write writes an initramfs: segments one after the other.
func Write(w io.Writer, all []Packed) error {
	for _, p := range all {
		if err := p.copy(w); err != nil {
			return err
		}
	}
	return nil
}

func (p Packed) copy(w io.Writer) error {
	c, err := p.open()
	if err != nil {
		return err
	}
	defer c.Close()
	_, err = io.CopyBuffer(w, struct{ io.Reader }{io.NewSectionReader(c, 0, p.Size)}, make([]byte, 1<<20))
	return err
}

// cached is a segment that lies packed in an entry of the cache.
func cached(e *cache.Entry, name string) (Packed, error) {
	f, err := e.Open(file)
	if err != nil {
		return Packed{}, err
	}
	defer f.Close()
	return Packed{name, f.Size(), func() (Content, error) { return e.Open(file) }}, nil
}

// own is a file of this build's own making.
type own struct {
	*os.File
	size int64
}

func (f own) Size() int64 { return f.size }
