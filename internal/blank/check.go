// Package blank says whether a device may be used for something new without a loss, and makes it so where a person asks for it.
//
// Blank is what shows no sign of having been used: no signature, no copy of a superblock, no second partition table, and
// zeros in all of Places. It is a proof of use, not of the contrary: a disk with very few bytes on it may pass
// (a thousandth of it, if nothing of a file system's own is left).
package blank

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/imgbuild/imgbuild/internal/direct"
	"github.com/imgbuild/imgbuild/internal/signature"
)

// Limit is how long looking may take. A device that is slower is not blank.
const Limit = 30 * time.Second

// Used is the error of a device that is not blank.
type Used struct {
	// Found are signatures and copies, in the order in which they were met.
	Found []signature.Found
	// At is the first byte met that is not zero.
	At int64
}

func (u *Used) Error() string {
	if len(u.Found) == 0 {
		return fmt.Sprintf("it holds data at byte %d", u.At)
	}
	const shown = 3
	var words []string
	for _, f := range u.Found[:min(shown, len(u.Found))] {
		words = append(words, f.String())
	}
	if more := len(u.Found) - shown; more > 0 {
		words = append(words, fmt.Sprintf("%d more", more))
	}
	return "it holds " + strings.Join(words, ", ")
}

// Check returns nil where a device of so many bytes is blank, *Used where it is not, and another error where not
// enough of it could be read, in Limit at the latest: then nobody knows.
func Check(ctx context.Context, r io.ReaderAt, size int64) error {
	ctx, cancel := context.WithTimeoutCause(ctx, Limit, fmt.Errorf("not enough of it could be read within %v", Limit))
	defer cancel()
	done := make(chan error, 1)
	// A disk that answers no more holds whoever asks it; it must not be this one.
	go func() { done <- check(until{ctx, r}, size) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// until reads until its time is over.
type until struct {
	ctx context.Context
	r   io.ReaderAt
}

func (u until) ReadAt(b []byte, at int64) (int, error) {
	if u.ctx.Err() != nil {
		return 0, context.Cause(u.ctx)
	}
	return u.r.ReadAt(b, at)
}

func check(r io.ReaderAt, size int64) error {
	if size <= 0 {
		return fmt.Errorf("it has no size")
	}
	found, err := signature.Look(r, size)
	if err != nil {
		return err
	}
	if len(found) > 0 {
		return &Used{found, found[0].At}
	}
	var used *Used
	err = read(r, Places(size), func(at int64, b []byte) bool {
		if rest := bytes.TrimLeft(b, "\x00"); len(rest) > 0 {
			used = &Used{signature.Copies(b, at), at + int64(len(b)-len(rest))}
		}
		return used == nil
	})
	if err != nil || used == nil {
		return err
	}
	// A name helps whoever has to decide what becomes of it. Where it cannot be read, the device is used all the same.
	_ = read(r, copies(size), func(at int64, b []byte) bool {
		used.Found = append(used.Found, signature.Copies(b, at)...)
		return len(used.Found) == 0
	})
	return used
}

// read reads places until each says that it is enough.
func read(r io.ReaderAt, places []Place, each func(at int64, b []byte) bool) error {
	piece := direct.Buffer(1 << 20)
	for _, p := range places {
		for at := p.At; at < p.At+p.Size; at += int64(len(piece)) {
			b := piece[:min(int64(len(piece)), p.At+p.Size-at)]
			if n, err := r.ReadAt(b, at); n < len(b) {
				return fmt.Errorf("reading %d bytes at byte %d: %w", len(b), at, err)
			}
			if !each(at, b) {
				return nil
			}
		}
	}
	return nil
}
