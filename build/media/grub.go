package media

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/imgbuild/imgbuild/build/deb"
	"github.com/imgbuild/imgbuild/build/grub"
	"github.com/imgbuild/imgbuild/build/unpacked"
)

// grub makes GRUB's images, which depend on its packages alone, and so are made once.
func (m Maker) grub(ctx context.Context, packages []deb.Package) (*grub.DiskLoader, *grub.ISOLoader, error) {
	h := sha256.New()
	io.WriteString(h, "2\n") // what grub.Tools does with them
	for _, p := range packages {
		fmt.Fprintln(h, p.Name, p.SHA256)
	}
	entry, err := m.Cache.Entry(ctx, "grub", hex.EncodeToString(h.Sum(nil)), func(ctx context.Context, dir string) error {
		return m.makeGRUB(ctx, packages, dir)
	})
	if err != nil {
		return nil, nil, err
	}
	disk, iso := new(grub.DiskLoader), new(grub.ISOLoader)
	for name, part := range grubImages(disk, iso) {
		if *part, err = entry.Read(name); err != nil {
			return nil, nil, fmt.Errorf("reading GRUB from the cache: %w", err)
		}
	}
	return disk, iso, nil
}

// grubImages are the parts of loaders by their names in the cache.
func grubImages(disk *grub.DiskLoader, iso *grub.ISOLoader) map[string]*[]byte {
	return map[string]*[]byte{
		"disk-boot": &disk.Boot, "disk-core": &disk.Core,
		"iso-hybrid": &iso.Hybrid, "iso-cd": &iso.CD, "iso-core": &iso.Core,
	}
}

func (m Maker) makeGRUB(ctx context.Context, packages []deb.Package, dir string) error {
	want := []string{"/usr/bin/grub-mkimage", "/usr/lib/grub/i386-pc/*.img", "/usr/lib/grub/i386-pc/*.mod", "/usr/lib/grub/i386-pc/moddep.lst"}
	return unpacked.With(ctx, m.Apt, packages, want, func(root string) (err error) {
		step := m.Progress.Step("making GRUB's images", 0)
		defer func() { step.Done(err) }()
		tools := grub.Tools{Root: root}
		disk, err := tools.Disk(ctx)
		if err != nil {
			return err
		}
		iso, err := tools.ISO(ctx)
		if err != nil {
			return err
		}
		for name, part := range grubImages(disk, iso) {
			if err := os.WriteFile(filepath.Join(dir, name), *part, 0o644); err != nil {
				return err
			}
		}
		return nil
	})
}
