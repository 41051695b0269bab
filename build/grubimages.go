package build

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
	"github.com/imgbuild/imgbuild/build/tree"
)

// grub makes GRUB's images, which depend on its packages alone, and so are made once.
func (e *Env) grub(ctx context.Context, packages []deb.Package) (*grub.DiskLoader, *grub.ISOLoader, error) {
	h := sha256.New()
	io.WriteString(h, "2\n") // what grub.Tools does with them
	for _, p := range packages {
		fmt.Fprintln(h, p.Name, p.SHA256)
	}
	entry, err := e.Cache.Entry(ctx, "grub", hex.EncodeToString(h.Sum(nil)), func(ctx context.Context, dir string) error {
		return e.makeGRUB(ctx, packages, dir)
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

func (e *Env) makeGRUB(ctx context.Context, packages []deb.Package, dir string) error {
	want := []string{"/usr/bin/grub-mkimage", "/usr/lib/grub/i386-pc/*.img", "/usr/lib/grub/i386-pc/*.mod", "/usr/lib/grub/i386-pc/moddep.lst"}
	return e.withPrograms(ctx, packages, want, func(root string) (err error) {
		step := e.Progress.Step("making GRUB's images", 0)
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

// layOutPicks copies picked files to where they would lie on a system. They are copies, which nobody
// else writes to: programs among them are run.
func (e *Env) layOutPicks(root string, picks []deb.Pick) error {
	for _, name := range []string{"bin", "sbin", "lib", "lib64"} {
		if err := os.Symlink("usr/"+name, filepath.Join(root, name)); err != nil {
			return err
		}
	}
	open := e.checked(nil)
	for _, p := range picks {
		if p.Entry.Mode.IsDir() {
			continue
		}
		at := filepath.Join(root, p.Path)
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			return err
		}
		if p.Host != "" {
			if err := copyTo(at, open, tree.File{Path: p.Path, Mode: p.Entry.Mode, Size: p.Entry.Size, From: source(p)}); err != nil {
				return err
			}
			continue
		}
		target := p.Entry.Link
		if filepath.IsAbs(target) {
			target = filepath.Join(root, target)
		}
		if err := os.Symlink(target, at); err != nil {
			return err
		}
	}
	return nil
}
