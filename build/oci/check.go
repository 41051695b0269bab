package oci

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// kept bounds what checking an image keeps of a layer, in bytes: its accounts.
const kept = 4 << 20

// Check reads all layers of an image and judges them as Pack does, and writes nothing. An error is a *WantError.
func (w Want) Check(ctx context.Context) error {
	var bad []error
	layers := &stack{}
	for _, l := range w.layers {
		names, err := l.check(ctx, w.Shifted)
		if err != nil {
			bad = append(bad, err)
			continue
		}
		layers.layers = append(layers.layers, newNamed(names))
	}
	if bad != nil {
		return &WantError{w, false, errors.Join(bad...)}
	}
	if _, err := w.runsAs(layers); err != nil && !errors.Is(err, errNotKept) {
		return &WantError{w, true, err}
	}
	return nil
}

func (l layer) check(ctx context.Context, shifted bool) ([]entry, error) {
	r, w := io.Pipe()
	unpacked := make(chan error, 1)
	go func() {
		err := l.unpack(ctx, w, most.Layer, func(int64) {})
		w.CloseWithError(err)
		unpacked <- err
	}()
	names, err := judged(r, shifted, kept)
	if err == nil {
		_, err = io.Copy(io.Discard, r) // what follows the archive's end counts for its digest
	}
	r.CloseWithError(errJudged)
	if failed := <-unpacked; failed != nil && !errors.Is(failed, errJudged) {
		return nil, failed
	}
	if err != nil {
		return nil, fmt.Errorf("the layer %s: %w", l.id, err)
	}
	return names, nil
}

// errJudged ends the unpacking of a layer that was judged to be bad.
var errJudged = errors.New("the layer was judged")
