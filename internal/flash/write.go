package flash

import (
	"context"
	"errors"
	"fmt"

	"github.com/imgbuild/imgbuild/internal/progress"
)

// Write writes the plan to a disk at a path, which is for messages. First of all it
// clears the disk's start, where partition tables and boot sectors lie, and writes that
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
	start := <-free
	clear(start)
	start = start[:min(chunk, state.Total)]
	state.Begun = true
	if _, err := d.WriteAt(start, 0); err != nil {
		return fmt.Errorf("clearing its start: %w", err)
	}
	if err := writeTail(d, p, make([]byte, len(p.Tail))); err != nil {
		return err
	}
	if err := d.Sync(); err != nil {
		return fmt.Errorf("clearing its start: %w", err)
	}
	free <- start[:chunk]

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

// limited is the start of a content.
type limited struct {
	content interface {
		ReadAt([]byte, int64) (int, error)
	}
	size int64
}

func (l limited) Size() int64                            { return l.size }
func (l limited) ReadAt(p []byte, at int64) (int, error) { return l.content.ReadAt(p, at) }
