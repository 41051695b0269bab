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
)

// Packages names the packages that the profile's formats need; nil where they need none.
func Packages(p *profile.Profile) []string {
	switch {
	case hasState(p):
		return []string{stateTools, grubTools, grubModules, stubPackage}
	case needsGRUB(p):
		return []string{grubTools, grubModules, stubPackage}
	case p.Writes(profile.FormatUKI, profile.FormatNetboot):
		return []string{stubPackage}
	}
	return nil
}

// OnMedia says that something of one of Packages lies on media, and is not only used for making them: the stub is in every UEFI
// program, boot sectors and modules are in the core image.
func OnMedia(name string) bool { return name == stubPackage || name == grubModules }

func needsGRUB(p *profile.Profile) bool { return p.Writes(profile.FormatDisk, profile.FormatISO) }

// Tools are what starts a kernel from media.
type Tools struct {
	// Stub makes a UEFI program of a kernel.
	Stub []byte
	// Disk and ISO are nil where no format needs them.
	Disk *grub.DiskLoader
	ISO  *grub.ISOLoader
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
	if t.Stub, err = m.stub(ctx, packages); err != nil {
		return nil, err
	}
	if needsGRUB(p) {
		if t.Disk, t.ISO, err = m.grub(ctx, packages); err != nil {
			return nil, err
		}
	}
	if hasState(p) {
		t.state, err = m.state(ctx, p, packages)
	}
	return &t, err
}

func (m Maker) stub(ctx context.Context, packages []deb.Package) ([]byte, error) {
	i := slices.IndexFunc(packages, func(p deb.Package) bool { return p.Name == stubPackage })
	if i < 0 {
		return nil, fmt.Errorf("finding what media are made with: the lock lists no %s", stubPackage)
	}
	tree, err := m.Apt.Unpack(ctx, packages[i])
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(tree.Files, func(f deb.Entry) bool { return f.Path == stubFile })
	if at < 0 {
		return nil, fmt.Errorf("reading the stub of %s: %s: %w", tree.Package, stubFile, fs.ErrNotExist)
	}
	stub, err := m.Apt.Read(tree, tree.Files[at])
	if err != nil {
		return nil, fmt.Errorf("reading the stub of %s: %w", tree.Package, err)
	}
	return stub, nil
}
