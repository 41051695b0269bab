package update

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/imgbuild/imgbuild/internal/direct"
	"github.com/imgbuild/imgbuild/internal/slot"
)

// errDiffers says that what was given is not what the manifest promises.
var errDiffers = errors.New("its SHA-256 is not the one in the manifest")

// part passes a part on, and compares it with the manifest.
func part(p slot.Part, to io.Writer, read func(to io.Writer) error) error {
	h := newSum()
	counted := &limited{io.MultiWriter(h, to), p.Size}
	err := read(counted)
	found := h.hex()
	if err != nil {
		return err
	}
	if counted.left > 0 {
		return fmt.Errorf("%d bytes of %d are missing: %w", counted.left, p.Size, io.ErrUnexpectedEOF)
	}
	if found != p.SHA256 {
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
