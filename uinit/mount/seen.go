package mount

import (
	"errors"
	"io"
	"path/filepath"
	"strings"

	"github.com/imgbuild/imgbuild/internal/alone"
)

// Seen is what was read of a device: its file system, if it has one that is known.
type Seen struct {
	id   Identity
	part part
}

// see reads what a device is, or knows it from before. What cannot be read is nothing, and is read again.
func (d Devices) see(device string) Seen {
	read := func() (Seen, error) {
		f, err := d.Open(device)
		if err != nil {
			return Seen{}, err
		}
		defer f.Close()
		r := &faulty{ReaderAt: f}
		s := Seen{part: partOf(r)}
		s.id, _ = Probe(r)
		return s, r.err
	}
	seen := d.Seen
	if seen == nil {
		seen = &alone.Memo[Seen]{}
	}
	// Somebody's link stands for the device that it leads to.
	real, err := filepath.EvalSymlinks(device)
	if err != nil {
		real = device
	}
	s, _ := seen.Of(d.Sys, strings.ReplaceAll(strings.TrimPrefix(real, "/dev/"), "/", "!"), read)
	return s
}

// faulty remembers what could not be read; that a device ends is no fault of it.
type faulty struct {
	io.ReaderAt
	err error
}

func (f *faulty) ReadAt(p []byte, at int64) (int, error) {
	n, err := f.ReaderAt.ReadAt(p, at)
	if err != nil && !errors.Is(err, io.EOF) {
		f.err = err
	}
	return n, err
}
