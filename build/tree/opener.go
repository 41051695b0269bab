package tree

import (
	"bytes"
	"io"
)

// Opener opens the content of a regular file whose From is set.
type Opener func(File) (io.ReadCloser, error)

// Copy appends the content of a regular file to w.
func (open Opener) Copy(w io.Writer, f File) error {
	if f.From == (Source{}) {
		_, err := w.Write(f.Body)
		return err
	}
	r, err := open(f)
	if err != nil {
		return err
	}
	defer r.Close()
	_, err = io.CopyBuffer(w, struct{ io.Reader }{r}, make([]byte, min(f.Size+1, 1<<20)))
	return err
}

// Read returns the content of a regular file.
func (open Opener) Read(f File) ([]byte, error) {
	b := bytes.NewBuffer(make([]byte, 0, f.Size+bytes.MinRead))
	err := open.Copy(b, f)
	return b.Bytes(), err
}
