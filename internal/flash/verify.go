package flash

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/imgbuild/imgbuild/internal/progress"
)

// MismatchError says that a disk does not give back what was written to it.
type MismatchError struct {
	Path string
	// Offset of the first byte that differs.
	Offset int64
}

func (e *MismatchError) Error() string {
	return fmt.Sprintf("%s does not give back what was written to it: byte %d differs; it is worn out, or smaller than it says", e.Path, e.Offset)
}

// Verify reads everything back from the medium and compares. Errors are of the type
// *StateError or *MismatchError.
func Verify(ctx context.Context, d Device, p *Plan, path string, r progress.Reporter) (err error) {
	total := p.Image.Size()
	step := progress.Bytes(r, "comparing "+path, total)
	defer func() {
		step.Done(err)
		var mismatch *MismatchError
		if err != nil && !errors.As(err, &mismatch) {
			err = &StateError{Path: path, Written: total, Total: total, Begun: true, Complete: true, Err: err}
		}
	}()
	free, release, err := buffers(3)
	if err != nil {
		return err
	}
	defer release()
	if err := d.Forget(); err != nil {
		return fmt.Errorf("emptying the cache: %w", err)
	}
	got := <-free
	compare := func(want []byte, at int64) error {
		got := got[:len(want)]
		if n, err := d.ReadAt(got, at); n < len(got) {
			return fmt.Errorf("reading back at byte %d: %w", at, err)
		}
		if i := differs(got, want); i >= 0 {
			return &MismatchError{path, at + int64(i)}
		}
		return nil
	}
	err = each(ctx, p, 0, free, func(part piece) error {
		if part.err != nil {
			return fmt.Errorf("reading the image at byte %d: %w", part.at, part.err)
		}
		if err := compare(part.b, part.at); err != nil {
			return err
		}
		step.Add(int64(len(part.b)))
		free <- part.b[:chunk]
		return nil
	})
	if err != nil {
		return err
	}
	return compare(p.Tail, p.tailOffset())
}

func differs(a, b []byte) int {
	if bytes.Equal(a, b) {
		return -1
	}
	for i := range a {
		if a[i] != b[i] {
			return i
		}
	}
	return -1
}
