package sources

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/build/deb"
	"github.com/imgbuild/imgbuild/build/lock"
	"github.com/imgbuild/imgbuild/internal/profile"
)

// packages says which packages to use, and has them in the cache.
func (f Finder) packages(ctx context.Context, p *profile.Profile, requested []string, pins Pins) ([]deb.Package, error) {
	c := choice{
		pinned: pins.Lock.Covers(requested),
		newest: func() ([]deb.Package, error) { return f.newest(ctx, p, pins.Lock) },
		use:    func(packages []deb.Package) error { return f.Apt.Fetch(ctx, packages) },
	}
	if c.pinned {
		c.packages = Unpin(pins.Lock.Package)
	} else if pins.Strict {
		return nil, fmt.Errorf("building --locked: %s pins %s, the profile asks for %s; \"imgbuild lock\" pins that",
			pins.File, strings.Join(pins.Lock.Requested, " "), strings.Join(requested, " "))
	}
	packages, _, err := f.choose(pins.Strict, c)
	return packages, err
}

// Tools has use get ready the closure of packages that segments and media are made with: what is pinned, else the newest.
// It returns a lock with what that was, or, where names is empty, with what is pinned.
func (f Finder) Tools(ctx context.Context, names []string, pins Pins, use func([]deb.Package) error) (*lock.Lock, error) {
	if pins.Lock == nil {
		pins.Lock = &lock.Lock{}
	}
	now := &lock.Lock{Tools: pins.Lock.Tools, Tool: pins.Lock.Tool}
	if len(names) == 0 {
		return now, nil
	}
	c := choice{
		pinned:   pins.Lock.HasTools(names),
		packages: Unpin(pins.Lock.Tool),
		newest: func() ([]deb.Package, error) {
			packages, err := f.Apt.Resolve(ctx, names)
			if err != nil {
				return nil, fmt.Errorf("finding what media are made with: %w", err)
			}
			return packages, nil
		},
		use: use,
	}
	if !c.pinned && pins.Strict {
		return nil, fmt.Errorf("building --locked: %s pins no %s, which the formats need; \"imgbuild lock\" with the same formats pins that",
			pins.File, strings.Join(names, ", "))
	}
	packages, kept, err := f.choose(pins.Strict, c)
	if !kept {
		now.Tools, now.Tool = names, pin(packages)
	}
	return now, err
}

// choice is of packages: those that are pinned, or the newest.
type choice struct {
	pinned   bool
	packages []deb.Package
	newest   func() ([]deb.Package, error)
	// use gets packages ready. It is called again with the newest where the mirror has one of the pinned ones no more.
	use func([]deb.Package) error
}

// choose returns what it chose, and whether that is what was pinned.
func (f Finder) choose(strict bool, c choice) (_ []deb.Package, kept bool, err error) {
	if c.pinned {
		err := c.use(c.packages)
		var gone *deb.GoneError
		if !errors.As(err, &gone) {
			return c.packages, true, err
		}
		if strict {
			return nil, true, fmt.Errorf("building --locked: %w; \"imgbuild lock\" takes what there is", err)
		}
		f.Progress.Note("%v; taking what there is", gone)
	}
	packages, err := c.newest()
	if err != nil {
		return nil, false, err
	}
	return packages, false, c.use(packages)
}

// newest are the packages that a profile asks for today. What it says is how they differ from what was pinned.
func (f Finder) newest(ctx context.Context, p *profile.Profile, pinned *lock.Lock) ([]deb.Package, error) {
	packages, err := f.resolve(ctx, p)
	if err != nil {
		return nil, placePackage(p, err)
	}
	if pinned != nil {
		now := &lock.Lock{Go: pinned.Go, Kernel: pinned.Kernel, Module: pinned.Module, Package: pin(packages), Tool: pinned.Tool}
		for _, line := range pinned.Diff(now) {
			f.Progress.Note("not as locked: %s", line)
		}
	}
	return packages, nil
}

// resolve asks apt. The kernel is asked for by itself: its metapackage would
// bring another system's way of making an initramfs.
func (f Finder) resolve(ctx context.Context, p *profile.Profile) ([]deb.Package, error) {
	var found []deb.Package
	if names := packageNames(p); len(names) > 0 {
		var err error
		if found, err = f.Apt.Resolve(ctx, names); err != nil {
			return nil, err
		}
	}
	if p.Kernel.Package != "" {
		kernel, err := f.Apt.Kernel(ctx, p.Kernel.Package)
		if err != nil {
			return nil, err
		}
		found = append(found, kernel)
	}
	slices.SortFunc(found, func(a, b deb.Package) int { return strings.Compare(a.Name, b.Name) })
	return slices.Compact(found), nil
}

func pin(packages []deb.Package) []lock.Package {
	out := make([]lock.Package, len(packages))
	for i, p := range packages {
		out[i] = lock.Package{Name: p.Name, Version: p.Version, Arch: p.Arch, SHA256: p.SHA256, Size: p.Size}
	}
	return out
}

// Unpin returns packages as apt takes them.
func Unpin(packages []lock.Package) []deb.Package {
	out := make([]deb.Package, len(packages))
	for i, p := range packages {
		out[i] = deb.Package{Name: p.Name, Version: p.Version, Arch: p.Arch, SHA256: p.SHA256, Size: p.Size}
	}
	return out
}
