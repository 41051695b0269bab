package oci

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// Check reads all layers of an image and judges them, as packing does, and writes nothing.
func (i *Image) Check(ctx context.Context, shifted bool) error {
	var bad []error
	for _, l := range i.layers {
		if err := l.check(ctx, shifted); err != nil {
			bad = append(bad, err)
		}
	}
	return errors.Join(bad...)
}

func (l layer) check(ctx context.Context, shifted bool) error {
	r, w := io.Pipe()
	unpacked := make(chan error, 1)
	go func() {
		err := l.unpack(ctx, w, most.Layer, func(int64) {})
		w.CloseWithError(err)
		unpacked <- err
	}()
	_, err := judged(r, shifted)
	if err == nil {
		_, err = io.Copy(io.Discard, r) // what follows the archive's end counts for its digest
	}
	r.CloseWithError(errJudged)
	if failed := <-unpacked; failed != nil && !errors.Is(failed, errJudged) {
		return failed
	}
	if err != nil {
		return fmt.Errorf("the layer %s: %w", l.id, err)
	}
	return nil
}

// errJudged ends the unpacking of a layer that was judged to be bad.
var errJudged = errors.New("the layer was judged")
