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
func (m Maker) grub(ctx context.Context, packages []deb.Package) (*loaders, error) {
	h := sha256.New()
	io.WriteString(h, "6\n") // what grub.Tools does with them
	for _, p := range packages {
		fmt.Fprintln(h, p.Name, p.SHA256)
	}
	entry, err := m.Cache.Entry(ctx, "grub", hex.EncodeToString(h.Sum(nil)), func(ctx context.Context, dir string) error {
		return m.makeGRUB(ctx, packages, dir)
	})
	if err != nil {
		return nil, err
	}
	l := &loaders{new(grub.DiskLoader), new(grub.ISOLoader), new(grub.EFILoader)}
	for name, part := range l.images() {
		if *part, err = entry.Read(name); err != nil {
			return nil, fmt.Errorf("reading GRUB from the cache: %w", err)
		}
	}
	return l, nil
}

// loaders are GRUB for all that it starts from.
type loaders struct {
	disk *grub.DiskLoader
	iso  *grub.ISOLoader
	efi  *grub.EFILoader
}

// images are the parts of loaders by their names in the cache.
func (l *loaders) images() map[string]*[]byte {
	return map[string]*[]byte{
		"disk-boot": &l.disk.Boot, "disk-core": &l.disk.Core,
		"iso-hybrid": &l.iso.Hybrid, "iso-cd": &l.iso.CD, "iso-core": &l.iso.Core,
		"efi-kernel": &l.efi.Kernel, "efi-modules": &l.efi.Modules,
		"efi-chooser": &l.efi.Chooser, "efi-signed-chooser": &l.efi.SignedChooser,
	}
}

func (m Maker) makeGRUB(ctx context.Context, packages []deb.Package, dir string) error {
	want := []string{"/usr/bin/grub-mkimage"}
	for _, platform := range grub.Platforms {
		for _, name := range []string{"*.img", "*.mod", "moddep.lst"} {
			want = append(want, "/usr/lib/grub/"+platform+"/"+name)
		}
	}
	return unpacked.With(ctx, m.Apt, packages, want, func(root string) (err error) {
		step := m.Progress.Step("making GRUB's images", 0)
		defer func() { step.Done(err) }()
		tools := grub.Tools{Root: root}
		var l loaders
		if l.disk, err = tools.Disk(ctx); err != nil {
			return err
		}
		if l.iso, err = tools.ISO(ctx); err != nil {
			return err
		}
		if l.efi, err = tools.EFI(ctx); err != nil {
			return err
		}
		for name, part := range l.images() {
			if err := os.WriteFile(filepath.Join(dir, name), *part, 0o644); err != nil {
				return err
			}
		}
		return nil
	})
}
