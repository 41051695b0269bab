package flash

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/progress"
)

// StateError says that writing or comparing stopped, and what state the disk is in.
type StateError struct {
	Path string
	// Written and Total count the bytes of the image.
	Written, Total int64
	// Begun says that the disk's former content is lost, Complete that the image is
	// on it.
	Begun, Complete bool
	Err             error
}

// Unwrap returns the cause.
func (e *StateError) Unwrap() error { return e.Err }

func (e *StateError) Error() string {
	cause := e.Err.Error()
	switch {
	case errors.Is(e.Err, context.Canceled):
		cause = "interrupted"
	case errors.Is(e.Err, unix.ENODEV), errors.Is(e.Err, unix.ENXIO), errors.Is(e.Err, unix.ENOMEDIUM):
		cause += " (it was unplugged)"
	case errors.Is(e.Err, unix.EIO):
		cause += " (it is broken, or was unplugged)"
	}
	switch {
	case !e.Begun:
		return fmt.Sprintf("%s; nothing was written: %s is as it was", cause, e.Path)
	case e.Complete:
		return fmt.Sprintf("%s; all %d bytes were written to %s, but not all of them compared: write it again to be sure", cause, e.Total, e.Path)
	}
	return fmt.Sprintf("%s; %d of %d bytes were written to %s, which holds neither its former content nor the image: "+
		"its first %d bytes are zero, nothing starts from it; write it again", cause, e.Written, e.Total, e.Path, min(chunk, e.Total))
}

// Write writes the plan to a disk at a path, which is for messages. First of all it
// clears the disk's begin, where partition tables and boot sectors lie, and writes that
// part of the image last: an incomplete image never starts. It ends when everything is
// on the medium. Errors are of the type *StateError.
func Write(ctx context.Context, d Device, p *Plan, path string, r progress.Reporter) (err error) {
	state := &StateError{Path: path, Total: p.Image.Size()}
	step := progress.Bytes(r, "writing "+path, state.Total)
	defer func() {
		step.Done(err)
		if err != nil {
			state.Err = err
			err = state
		}
	}()
	free, release, err := buffers(3)
	if err != nil {
		return err
	}
	defer release()
	if err := ctx.Err(); err != nil {
		return err
	}
	begin := <-free
	clear(begin)
	begin = begin[:min(chunk, state.Total)]
	state.Begun = true
	if _, err := d.WriteAt(begin, 0); err != nil {
		return fmt.Errorf("clearing its begin: %w", err)
	}
	if err := writeTail(d, p, make([]byte, len(p.Tail))); err != nil {
		return err
	}
	if err := d.Sync(); err != nil {
		return fmt.Errorf("clearing its begin: %w", err)
	}
	free <- begin[:chunk]

	put := func(part piece) error {
		if part.err != nil {
			return fmt.Errorf("reading the image at byte %d: %w", part.at, part.err)
		}
		if _, err := d.WriteAt(part.b, part.at); err != nil {
			return fmt.Errorf("writing at byte %d: %w", part.at, err)
		}
		state.Written += int64(len(part.b))
		step.Add(int64(len(part.b)))
		free <- part.b[:chunk]
		return nil
	}
	if err := each(ctx, p, chunk, free, put); err != nil {
		return err
	}
	if err := errors.Join(writeTail(d, p, p.Tail), d.Sync()); err != nil {
		return fmt.Errorf("writing the last of it out: %w", err)
	}
	first := &Plan{Image: limited{p.Image, min(chunk, state.Total)}}
	if err := errors.Join(each(ctx, first, 0, free, put), d.Sync()); err != nil {
		return err
	}
	state.Complete = true
	return nil
}

// each hands the image's pieces from a place on to do.
func each(ctx context.Context, p *Plan, from int64, free chan []byte, do func(piece) error) error {
	ctx, cancel := context.WithCancel(ctx)
	in := pieces(ctx, p.Image, from, free)
	// The reader must have ended before its buffers go away.
	defer func() {
		cancel()
		for range in {
		}
	}()
	for part := range in {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := do(part); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func writeTail(d Device, p *Plan, b []byte) error {
	if _, err := d.WriteAt(b, p.tailOffset()); err != nil {
		return fmt.Errorf("writing the disk's end: %w", err)
	}
	return nil
}

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

// limited is the begin of a content.
type limited struct {
	content interface {
		ReadAt([]byte, int64) (int, error)
	}
	size int64
}

func (l limited) Size() int64                            { return l.size }
func (l limited) ReadAt(p []byte, at int64) (int, error) { return l.content.ReadAt(p, at) }
