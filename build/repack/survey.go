package repack

import (
	"context"
	"io"
	"time"

	"github.com/imgbuild/imgbuild/build/cpio"
	"github.com/imgbuild/imgbuild/build/image"
)

// original is what we must know of an image to add to it.
type original struct {
	tree *image.Tree
	// number of the entry that each file came with, counted from 0. A directory has that of the first: what
	// lies in it comes behind.
	number map[*image.Node]int
	// compression of the last part of an initramfs that is compressed.
	compression cpio.Compression
	// newest is the time of the newest file: equal inputs give equal bytes.
	newest time.Time
}

// survey reads an image whose main archive begins with the entry of that number.
func survey(ctx context.Context, m *image.Image, main int) (*original, error) {
	s, number := &original{image.NewTree(), map[*image.Node]int{}, cpio.None, time.Unix(0, 0)}, -1
	err := m.Walk(ctx, func(e image.Entry, _ io.Reader) error {
		if e.Root != "" { // it lies in a file system that is a file of the archive
			return nil
		}
		number++
		if c := cpio.Compression(e.Compression); c != cpio.None {
			s.compression = c
		}
		if e.ModTime.After(s.newest) {
			s.newest = e.ModTime
		}
		_, old, err := s.tree.Place(e.Path)
		if err != nil {
			return err
		}
		n, err := s.tree.Add(e, number)
		if err != nil || n == nil {
			return err
		}
		s.number[n] = number
		if first, ok := s.number[old]; ok && first >= main && e.Mode.IsDir() && old.Mode.IsDir() {
			s.number[n] = first
		}
		return nil
	})
	return s, err
}
