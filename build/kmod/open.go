package kmod

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"io/fs"
	"path"

	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
)

// maxModule bounds an unpacked module, in bytes. A distribution's largest has
// 20 MB; this leaves room for one with its debug information.
const maxModule = 256 << 20

// unpackers by the suffix that modules_install gives.
var unpackers = map[string]func(io.Reader) (io.Reader, error){
	".xz": func(r io.Reader) (io.Reader, error) { return xz.NewReader(r) },
	".gz": func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) },
	".zst": func(r io.Reader) (io.Reader, error) {
		return zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxModule))
	},
}

// Source is where the module lies in the file system that was scanned.
func (x *Index) Source(m *Module) string { return path.Join(x.Dir, m.Path+m.Packed) }

// opened is a module that can be read at random.
type opened struct {
	*io.SectionReader
	io.Closer
	size int64
}

func (x *Index) openAt(fsys fs.FS, m *Module) (*opened, error) {
	f, err := fsys.Open(x.Source(m))
	if err != nil {
		return nil, err
	}
	if at, ok := f.(io.ReaderAt); ok && m.Packed == "" {
		info, err := f.Stat()
		if err != nil {
			f.Close()
			return nil, err
		}
		return &opened{io.NewSectionReader(at, 0, info.Size()), f, info.Size()}, nil
	}
	defer f.Close()
	var r io.Reader = f
	if unpack := unpackers[m.Packed]; unpack != nil {
		if r, err = unpack(f); err != nil {
			return nil, fmt.Errorf("unpacking: %w", err)
		}
	}
	data, err := io.ReadAll(io.LimitReader(r, maxModule+1))
	if err != nil {
		return nil, fmt.Errorf("unpacking: %w", err)
	}
	if len(data) > maxModule {
		return nil, fmt.Errorf("unpacking: more than %d bytes", maxModule)
	}
	size := int64(len(data))
	return &opened{io.NewSectionReader(bytes.NewReader(data), 0, size), io.NopCloser(nil), size}, nil
}
