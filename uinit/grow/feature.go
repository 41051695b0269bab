package grow

import (
	"context"
	"errors"
	"fmt"

	"github.com/imgbuild/imgbuild/uinit/feature"
	"github.com/imgbuild/imgbuild/uinit/grow/plan"
	"github.com/imgbuild/imgbuild/uinit/mount"
	"github.com/imgbuild/imgbuild/uinit/unit"
)

// Linked is what machines have whose last partition grows.
var Linked = feature.Linked{Name: "grow", Units: plan.Units, New: func(d *feature.Deps) feature.Feature { return growth{d} }}

type growth struct{ *feature.Deps }

// Step is the work behind "grow".
func (f growth) Step(string) feature.Step { return feature.Step{Run: f.grow} }

// grow lets the image's last partition fill its disk.
func (f growth) grow(context.Context) error {
	cfg := *f.Machine.Image.Grow
	table, err := mount.Mounts()
	if err != nil {
		return err
	}
	at := table.At(cfg.Mount)
	if at == nil {
		return fmt.Errorf("%w: nothing is mounted on %s", unit.ErrSkip, cfg.Mount)
	}
	if err := f.Disks.CheckPath(at.Source); err != nil {
		return fmt.Errorf("%w: %w", unit.ErrSkip, err)
	}
	r, err := Converge(System{Device: at.Source, Mount: cfg.Mount}, cfg)
	f.Facts.Fact(plan.Size.Is(r.After))
	fate := "fills the disk already"
	if len(r.Done) > 0 {
		fate = fmt.Sprintf("from %d to %d bytes", r.Before, r.After)
		for _, op := range r.Done {
			f.Log.Info("grow: " + op.String())
		}
	}
	if err != nil {
		fate = err.Error()
	}
	f.Facts.Fact(plan.Growth.Is(fate))
	if errors.Is(err, ErrLeft) {
		return fmt.Errorf("%w: %w", unit.ErrSkip, err)
	}
	return err
}
