package media

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"path/filepath"

	"github.com/imgbuild/imgbuild/build/cache"
	"github.com/imgbuild/imgbuild/build/deb"
	"github.com/imgbuild/imgbuild/build/ext4"
	"github.com/imgbuild/imgbuild/build/extent"
	"github.com/imgbuild/imgbuild/build/layout"
	"github.com/imgbuild/imgbuild/build/unpacked"
	"github.com/imgbuild/imgbuild/internal/profile"
)

// stateTools is the package that makes the file system of the state partition.
const stateTools = "e2fsprogs"

// hasState tells whether an image with a state partition is written.
func hasState(p *profile.Profile) bool { return p.Writes(profile.FormatDisk) && p.Disk.State > 0 }

// stateConfig is the file system of the state partition, which it fills.
func (m Maker) stateConfig(p *profile.Profile) ext4.Config {
	name := string(p.Name)
	return ext4.Config{Size: layout.StateBytes(int64(p.Disk.State)), Label: layout.StateName, UUID: layout.Derive(name, "state file system"), Epoch: m.Epoch}
}

// stateFile is the file system's name in its entry of the cache.
const stateFile = "state.img"

// state has the file system of the state partition made. It depends on
// the packages and its configuration alone, and so is made once.
func (m Maker) state(ctx context.Context, p *profile.Profile, packages []deb.Package) (*cache.Entry, error) {
	config := m.stateConfig(p)
	h := sha256.New()
	fmt.Fprintln(h, 1, config) // what ext4.Make does with it
	for _, p := range packages {
		fmt.Fprintln(h, p.Name, p.SHA256)
	}
	return m.Cache.Entry(ctx, "ext4", hex.EncodeToString(h.Sum(nil)), func(ctx context.Context, dir string) error {
		return unpacked.With(ctx, m.Apt, packages, []string{"/" + ext4.Program}, func(root string) error {
			step := m.Progress.Step("making the state partition's file system", 0)
			err := ext4.Make(ctx, root, filepath.Join(dir, stateFile), config)
			step.Done(err)
			return err
		})
	})
}

// openState opens the file system, with its holes; nil where there is none.
func (t *Tools) openState(files *closers) (extent.Content, error) {
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
