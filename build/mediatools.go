package build

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/build/cache"
	"github.com/imgbuild/imgbuild/build/deb"
	"github.com/imgbuild/imgbuild/build/grub"
	"github.com/imgbuild/imgbuild/build/lock"
	"github.com/imgbuild/imgbuild/internal/profile"
)

// Packages that file systems and media are made with. They are resolved apart from the image's own:
// what is in an initramfs does not depend on the media it lies on.
const (
	stubPackage = "systemd-boot-efi"
	stubFile    = "usr/lib/systemd/boot/efi/linuxx64.efi.stub"
	grubTools   = "grub-common"
	grubModules = "grub-pc-bin"
	usrTools    = "squashfs-tools"
)

// mediaTools are what starts a kernel from media; nil where no format needs them.
type mediaTools struct {
	// stub makes a UEFI program of a kernel.
	stub []byte
	disk *grub.DiskLoader
	iso  *grub.ISOLoader
	// state has the state partition's file system; nil for none.
	state *cache.Entry
}

// toolsFor names the packages that the profile's formats need, and /usr where it is to be a squashfs.
func toolsFor(p *profile.Profile, squashed bool) []string {
	names := formatTools(p)
	if squashed {
		names = append(names, usrTools)
	}
	return names
}

func formatTools(p *profile.Profile) []string {
	switch {
	case hasState(p):
		return []string{stateTools, grubTools, grubModules, stubPackage}
	case p.Writes(profile.FormatDisk, profile.FormatISO):
		return []string{grubTools, grubModules, stubPackage}
	case p.Writes(profile.FormatUKI, profile.FormatNetboot):
		return []string{stubPackage}
	}
	return nil
}

// tools finds what media are made with, and pins it in now: what the lock has, else
// the newest.
func (e *Env) tools(ctx context.Context, p *profile.Profile, squashed bool, pinned *lock.Lock, o Options) (*mediaTools, *lock.Lock, error) {
	names := toolsFor(p, squashed)
	if len(names) == 0 {
		if pinned == nil {
			pinned = &lock.Lock{}
		}
		return nil, &lock.Lock{Tools: pinned.Tools, Tool: pinned.Tool}, nil
	}
	if pinned.HasTools(names) {
		t, err := e.openTools(ctx, p, names, unpin(pinned.Tool))
		var gone *deb.GoneError
		if !errors.As(err, &gone) {
			return t, &lock.Lock{Tools: pinned.Tools, Tool: pinned.Tool}, err
		}
		if o.Locked {
			return nil, nil, fmt.Errorf("building --locked: %w; \"imgbuild lock\" takes what there is", err)
		}
		e.Progress.Note("%v; taking what there is", gone)
	} else if o.Locked {
		return nil, nil, fmt.Errorf("building --locked: %s pins no %s, which the formats need; \"imgbuild lock\" with the same formats pins that",
			o.LockFile, strings.Join(names, ", "))
	}
	packages, err := e.Apt.Resolve(ctx, names)
	if err != nil {
		return nil, nil, fmt.Errorf("finding what media are made with: %w", err)
	}
	t, err := e.openTools(ctx, p, names, packages)
	return t, &lock.Lock{Tools: names, Tool: pin(packages)}, err
}

// openTools has the tools of media ready; nil where only /usr needs some.
func (e *Env) openTools(ctx context.Context, p *profile.Profile, names []string, packages []deb.Package) (*mediaTools, error) {
	if !slices.Contains(names, stubPackage) {
		return nil, nil
	}
	i := slices.IndexFunc(packages, func(p deb.Package) bool { return p.Name == stubPackage })
	if i < 0 {
		return nil, fmt.Errorf("finding what media are made with: the lock lists no %s", stubPackage)
	}
	tree, err := e.Apt.Unpack(ctx, packages[i])
	if err != nil {
		return nil, err
	}
	var t mediaTools
	if t.stub, err = e.stub(tree); err != nil {
		return nil, fmt.Errorf("reading the stub of %s: %w", tree.Package, err)
	}
	if slices.Contains(names, grubModules) {
		if t.disk, t.iso, err = e.grub(ctx, packages); err != nil {
			return nil, err
		}
	}
	if hasState(p) {
		t.state, err = e.stateFS(ctx, p, packages)
	}
	return &t, err
}

func (e *Env) stub(t deb.Tree) ([]byte, error) {
	i := slices.IndexFunc(t.Files, func(f deb.Entry) bool { return f.Path == stubFile })
	if i < 0 {
		return nil, fmt.Errorf("%s: %w", stubFile, fs.ErrNotExist)
	}
	return e.Apt.Read(t, t.Files[i])
}
