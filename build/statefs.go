package build

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/imgbuild/imgbuild/build/cache"
	"github.com/imgbuild/imgbuild/build/deb"
	"github.com/imgbuild/imgbuild/build/ext4"
	"github.com/imgbuild/imgbuild/build/extent"
	"github.com/imgbuild/imgbuild/build/layout"
	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/scratch"
)

// stateTools is the package that makes the file system of the state partition.
const stateTools = "e2fsprogs"

// hasState tells whether an image with a state partition is written.
func hasState(p *profile.Profile) bool { return p.Writes(profile.FormatDisk) && p.Disk.State > 0 }

// stateConfig is the file system of the state partition, which it fills.
func (e *Env) stateConfig(p *profile.Profile) ext4.Config {
	name := string(p.Name)
	return ext4.Config{Size: layout.StateBytes(int64(p.Disk.State)), Label: layout.StateName, UUID: layout.Derive(name, "state file system"), Epoch: e.Epoch}
}

// stateFile is the file system's name in its entry of the cache.
const stateFile = "state.img"

// stateFS has the file system of the state partition made. It depends on
// the packages and its configuration alone, and so is made once.
func (e *Env) stateFS(ctx context.Context, p *profile.Profile, packages []deb.Package) (*cache.Entry, error) {
	config := e.stateConfig(p)
	h := sha256.New()
	fmt.Fprintln(h, 1, config) // what ext4.Make does with it
	for _, p := range packages {
		fmt.Fprintln(h, p.Name, p.SHA256)
	}
	return e.Cache.Entry(ctx, "ext4", hex.EncodeToString(h.Sum(nil)), func(ctx context.Context, dir string) error {
		return e.withPrograms(ctx, packages, []string{"/" + ext4.Program}, func(root string) error {
			step := e.Progress.Step("making the state partition's file system", 0)
			err := ext4.Make(ctx, root, filepath.Join(dir, stateFile), config)
			step.Done(err)
			return err
		})
	})
}

// statePart opens the file system, with its holes; nil where there is none.
func (t *mediaTools) statePart(files *closers) (extent.Content, error) {
	if t.state == nil {
		return nil, nil
	}
	f, err := t.state.Open(stateFile)
	if err != nil {
		return nil, fmt.Errorf("reading the state partition's file system: %w", err)
	}
	*files = append(*files, f)
	image := extent.New(f.Size())
	for _, run := range f.Data() {
		image.Place(run[0], io.NewSectionReader(f, run[0], run[1]-run[0]))
	}
	return image, nil
}

// withPrograms lays out packages as on a system, as far as wanted files need them, and calls use
// with the folder, which is gone afterwards.
func (e *Env) withPrograms(ctx context.Context, packages []deb.Package, want []string, use func(root string) error) (err error) {
	if err := e.Apt.Fetch(ctx, packages); err != nil {
		return err
	}
	trees, err := e.unpack(ctx, packages)
	if err != nil {
		return err
	}
	picks, err := deb.Closure(trees, want)
	if err != nil {
		return fmt.Errorf("finding %s in its packages: %w", filepath.Base(want[0]), err)
	}
	root, err := scratch.New("")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, root.Remove()) }()
	if err := e.layOutPicks(root.Path, picks); err != nil {
		return fmt.Errorf("laying out packages: %w", err)
	}
	return use(root.Path)
}
