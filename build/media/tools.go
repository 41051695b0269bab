package media

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"github.com/imgbuild/imgbuild/build/cache"
	"github.com/imgbuild/imgbuild/build/deb"
	"github.com/imgbuild/imgbuild/build/grub"
	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/progress"
)

// Packages that media are made with. They are resolved apart from the image's own:
// what is in an initramfs does not depend on the media it lies on.
const (
	stubPackage = "systemd-boot-efi"
	stubFile    = "usr/lib/systemd/boot/efi/linuxx64.efi.stub"
	grubTools   = "grub-common"
	grubModules = "grub-pc-bin"
	efiModules  = "grub-efi-amd64-bin"
	memtest     = "memtest86+"
	memtestBIOS = "boot/memtest86+x64.bin"
	memtestUEFI = "boot/memtest86+x64.efi"
)

// Packages names the packages that the profile's formats need; nil where they need none.
func Packages(p *profile.Profile) []string {
	var names []string
	if hasState(p) {
		names = append(names, stateTools)
	}
	if needsMemtest(p) {
		names = append(names, memtest)
	}
	if needsGRUB(p) {
		names = append(names, grubTools, grubModules, efiModules)
	}
	if needsGRUB(p) || p.Writes(profile.FormatUKI, profile.FormatNetboot) {
		names = append(names, stubPackage)
	}
	return names
}

// OnMedia says that something of one of Packages lies on media, and is not only used for making them: the stub is in every UKI,
// boot sectors and modules are in GRUB's images, and the memory test is there as it is.
func OnMedia(name string) bool {
	return slices.Contains([]string{stubPackage, grubModules, efiModules, memtest}, name)
}

func needsGRUB(p *profile.Profile) bool {
	return p.Writes(profile.FormatDisk, profile.FormatISO, profile.FormatUpdate)
}

func needsMemtest(p *profile.Profile) bool {
	return needsGRUB(p) && slices.ContainsFunc(p.MenuItems(), func(i profile.MenuItem) bool { return i.Entry == profile.MenuMemory })
}

// Tools are what starts a kernel from media.
type Tools struct {
	// Stub makes a UEFI program of a kernel.
	Stub []byte
	// Disk, ISO and EFI are nil where no format needs them.
	Disk *grub.DiskLoader
	ISO  *grub.ISOLoader
	EFI  *grub.EFILoader
	// Memtest is nil where no menu offers it.
	Memtest *grub.Memtest
	// state has the state partition's file system; nil for none.
	state *cache.Entry
}

// Maker makes Tools of packages, and keeps them in the cache.
type Maker struct {
	Cache    *cache.Cache
	Apt      *deb.Apt
	Progress progress.Reporter
	// Epoch is the time of file systems.
	Epoch time.Time
}

// Tools has the tools ready that the profile's formats need, out of the closure of Packages; nil where they
// need none. The error is a *deb.GoneError where the mirror no longer has one.
func (m Maker) Tools(ctx context.Context, p *profile.Profile, packages []deb.Package) (*Tools, error) {
	if len(Packages(p)) == 0 {
		return nil, nil
	}
	var t Tools
	var err error
	if t.Stub, err = m.file(ctx, packages, stubPackage, stubFile); err != nil {
		return nil, err
	}
	if needsGRUB(p) {
		made, err := m.grub(ctx, packages)
		if err != nil {
			return nil, err
		}
		t.Disk, t.ISO, t.EFI = made.disk, made.iso, made.efi
	}
	if needsMemtest(p) {
		t.Memtest = new(grub.Memtest)
		for name, to := range map[string]*[]byte{memtestBIOS: &t.Memtest.BIOS, memtestUEFI: &t.Memtest.UEFI} {
			if *to, err = m.file(ctx, packages, memtest, name); err != nil {
				return nil, err
			}
		}
	}
	if hasState(p) {
		t.state, err = m.state(ctx, p, packages)
	}
	return &t, err
}

// file reads a file out of one of the packages.
func (m Maker) file(ctx context.Context, packages []deb.Package, name, path string) ([]byte, error) {
	i := slices.IndexFunc(packages, func(p deb.Package) bool { return p.Name == name })
	if i < 0 {
		return nil, fmt.Errorf("finding what media are made with: the lock lists no %s", name)
	}
	tree, err := m.Apt.Unpack(ctx, packages[i])
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(tree.Files, func(f deb.Entry) bool { return f.Path == path })
	if at < 0 {
		return nil, fmt.Errorf("reading %s of %s: %w", path, tree.Package, fs.ErrNotExist)
	}
	content, err := m.Apt.Read(tree, tree.Files[at])
	if err != nil {
		return nil, fmt.Errorf("reading %s of %s: %w", path, tree.Package, err)
	}
	return content, nil
}
