//go:build !nogrow

package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/imgbuild/imgbuild/uinit/grow"
	"github.com/imgbuild/imgbuild/uinit/mount"
	"github.com/imgbuild/imgbuild/uinit/unit"
)

// growState lets the image's last partition fill its disk.
func (w *worker) growState(context.Context) error {
	table, err := mount.Mounts()
	if err != nil {
		return err
	}
	at := table.At(w.Machine.Image.Grow.Mount)
	if at == nil {
		return fmt.Errorf("%w: nothing is mounted on %s", unit.ErrSkip, w.Machine.Image.Grow.Mount)
	}
	if err := w.Disks.CheckPath(at.Source); err != nil {
		return fmt.Errorf("%w: %w", unit.ErrSkip, err)
	}
	r, err := grow.Converge(grow.System{Device: at.Source, Mount: w.Machine.Image.Grow.Mount}, *w.Machine.Image.Grow)
	w.Facts.Fact("state.size_bytes", r.After)
	fate := "fills the disk already"
	if len(r.Done) > 0 {
		fate = fmt.Sprintf("from %d to %d bytes", r.Before, r.After)
		for _, op := range r.Done {
			w.Log.Info("grow: " + op.String())
		}
	}
	if err != nil {
		fate = err.Error()
	}
	w.Facts.Fact("state.growth", fate)
	if errors.Is(err, grow.ErrLeft) {
		return fmt.Errorf("%w: %w", unit.ErrSkip, err)
	}
	return err
}
