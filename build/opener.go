package build

import (
	"bytes"
	"fmt"
	"io"
	"os"

	"github.com/imgbuild/imgbuild/build/tree"
)

// checked opens files of an image so that what is read of them is what their hashes name, whatever
// has happened to the cache. overlay opens the rest, which the profile's owner may change at any time.
func (e *Env) checked(overlay opener) opener {
	return func(f tree.File) (io.ReadCloser, error) {
		if f.From.Store == "overlay" {
			return overlay(f)
		}
		return e.Cache.Stream(f.From.Host, f.Size, f.From.SHA256)
	}
}

// content is a run of bytes that can be read at random: an extent.Content that is open.
type content interface {
	io.ReaderAt
	io.Closer
	Size() int64
}

// fileContent is a file of this build's own making.
type fileContent struct {
	*os.File
	size int64
}

func (f fileContent) Size() int64 { return f.size }

// loaded is a file of the image in memory.
func loaded(open opener, f tree.File) (*bytes.Reader, error) {
	r, err := open(f)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	b := bytes.NewBuffer(make([]byte, 0, f.Size+bytes.MinRead))
	if _, err := io.Copy(b, r); err != nil {
		return nil, err
	}
	return bytes.NewReader(b.Bytes()), nil
}

// copyChecked appends a file of the image to w.
func copyChecked(w io.Writer, open opener, f tree.File) error {
	r, err := open(f)
	if err != nil {
		return err
	}
	defer r.Close()
	_, err = io.CopyBuffer(w, struct{ io.Reader }{r}, make([]byte, min(f.Size+1, 1<<20)))
	return err
}

// copyTo writes a file of the image to a new file at path.
func copyTo(path string, open opener, f tree.File) error {
	to, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644|f.Mode.Perm()&0o111)
	if err != nil {
		return err
	}
	defer to.Close()
	if err := copyChecked(to, open, f); err != nil {
		return fmt.Errorf("copying %s: %w", f.Path, err)
	}
	return to.Close()
}
