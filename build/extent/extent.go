// Package extent describes a large, mostly empty image as a value: its size and
// the contents that lie in it. Everything else is zero.
//
// The writers of media compose such images out of headers in memory and files on
// disk, and copy nothing before the whole is known.
package extent

import (
	"fmt"
	"io"
	"slices"
	"sort"
)

// Content is a run of bytes of known length: *bytes.Reader, *io.SectionReader and
// *Image are.
type Content interface {
	io.ReaderAt
	// Size is the length in bytes.
	Size() int64
}

// Image is a run of bytes, zero but for the contents placed in it.
type Image struct {
	size    int64
	extents []extent // sorted by offset, without overlap, none empty
}

type extent struct {
	offset, size int64
	content      io.ReaderAt
}

func (e extent) end() int64 { return e.offset + e.size }

// New returns an image of size bytes, all zero.
func New(size int64) *Image { return &Image{size: size} }

// Size is the image's length in bytes.
func (m *Image) Size() int64 { return m.size }

// Place puts content at offset, in bytes. The contents of an Image are placed one
// by one, so that its gaps stay gaps. It is a bug to place something over something
// else or beyond the end.
func (m *Image) Place(offset int64, content Content) {
	if offset < 0 || offset+content.Size() > m.size {
		panic(fmt.Sprintf("BUG: placing %d bytes at %d of an image of %d", content.Size(), offset, m.size))
	}
	if inner, ok := content.(*Image); ok {
		for _, e := range inner.extents {
			m.insert(extent{offset + e.offset, e.size, e.content})
		}
		return
	}
	if content.Size() > 0 {
		m.insert(extent{offset: offset, size: content.Size(), content: content})
	}
}

func (m *Image) insert(e extent) {
	at := m.after(e.offset)
	if at > 0 && m.extents[at-1].end() > e.offset || at < len(m.extents) && m.extents[at].offset < e.end() {
		panic(fmt.Sprintf("BUG: placing %d bytes at %d of an image, where something else lies", e.size, e.offset))
	}
	m.extents = slices.Insert(m.extents, at, e)
}

// after is the index of the first extent that begins behind offset.
func (m *Image) after(offset int64) int {
	return sort.Search(len(m.extents), func(i int) bool { return m.extents[i].offset > offset })
}

// Runs are where the contents lie that were placed, in order: offset and size, in bytes.
func (m *Image) Runs() [][2]int64 {
	all := make([][2]int64, len(m.extents))
	for i, e := range m.extents {
		all[i] = [2]int64{e.offset, e.size}
	}
	return all
}

// Section is a run of a content's bytes. That of an Image is an Image, made of the same contents.
func Section(of Content, offset, size int64) Content {
	m, ok := of.(*Image)
	if !ok {
		return io.NewSectionReader(of, offset, size)
	}
	part := New(size)
	for _, e := range m.extents {
		if from, to := max(e.offset, offset), min(e.end(), offset+size); from < to {
			part.insert(extent{from - offset, to - from, io.NewSectionReader(e.content, from-e.offset, to-from)})
		}
	}
	return part
}

// ReadAt implements io.ReaderAt. A content that ends before its announced size is
// io.ErrUnexpectedEOF: the file was cut since it was measured.
func (m *Image) ReadAt(p []byte, offset int64) (int, error) {
	if offset < 0 {
		return 0, fmt.Errorf("reading an image at %d, before its start", offset)
	}
	if offset >= m.size {
		return 0, io.EOF
	}
	var short error
	if rest := m.size - offset; int64(len(p)) > rest {
		p, short = p[:rest], io.EOF
	}
	clear(p)
	first := max(m.after(offset)-1, 0)
	for _, e := range m.extents[first:] {
		if e.offset >= offset+int64(len(p)) {
			break
		}
		from, to := max(e.offset, offset), min(e.end(), offset+int64(len(p)))
		if from >= to {
			continue
		}
		part := p[from-offset : to-offset]
		if n, err := e.content.ReadAt(part, from-e.offset); n < len(part) {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return int(from - offset), fmt.Errorf("reading %d bytes at %d of an image: %w", len(part), from, err)
		}
	}
	return len(p), short
}
