package image

import (
	"errors"
	"io"

	"github.com/imgbuild/imgbuild/build/extent"
	"github.com/imgbuild/imgbuild/build/grub"
	"github.com/imgbuild/imgbuild/internal/slot"
)

// isSlot tells whether a file begins as an update does, and a slot that one was written to. It may be cut off.
func isSlot(file io.ReaderAt, size int64) bool {
	_, err := slot.ReadHead(io.NewSectionReader(file, 0, size))
	return err == nil || size > slot.Sector && errors.Is(err, io.ErrUnexpectedEOF)
}

// slot visits the files of an update.
func (w *walker) slot(root string, c extent.Content) error {
	members, err := grub.Members(io.NewSectionReader(c, 0, c.Size()))
	if err != nil {
		return err
	}
	for _, f := range members {
		if err := w.file(root, Entry{Path: f.Name, Mode: readable}, f.Content); err != nil {
			return err
		}
	}
	return nil
}
