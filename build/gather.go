package build

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/imgbuild/imgbuild/build/deb"
	"github.com/imgbuild/imgbuild/build/lock"
	"github.com/imgbuild/imgbuild/build/nft"
	"github.com/imgbuild/imgbuild/build/plan"
	"github.com/imgbuild/imgbuild/build/tree"
	"github.com/imgbuild/imgbuild/internal/profile"
)

// material is what came from outside: the kernel, its modules, packages.
type material struct {
	inputs plan.Inputs
	lock   *lock.Lock
	// forRules are the files of packages that trying the rules of a firewall takes; nil for all.
	forRules map[string]bool
}

// gather finds the kernel and the packages: what the lock pins, else the newest.
func (e *Env) gather(ctx context.Context, p *profile.Profile, pinned *lock.Lock, o Options) (material, error) {
	names := slices.Sorted(maps.Keys(p.Packages))
	requested := names
	if p.Kernel.Package != "" {
		requested = slices.Sorted(slices.Values(append([]string{p.Kernel.Package}, names...)))
	}
	packages, err := e.packages(ctx, p, requested, pinned, o)
	if err != nil {
		return material{}, err
	}
	trees, err := e.unpack(ctx, packages)
	if err != nil {
		return material{}, err
	}
	m := material{lock: &lock.Lock{Requested: requested, Package: pin(packages)}}
	kernel, err := e.kernel(ctx, p, trees)
	if err != nil {
		return material{}, err
	}
	m.inputs.Kernel, m.inputs.Modules, m.inputs.ModuleFile = kernel.image, kernel.modules, kernel.file
	if p.Kernel.Path != "" {
		m.lock.Kernel = kernel.image.From.SHA256
	}
	if m.inputs.Packages, err = pick(p, trees); err != nil || p.Firewall == nil {
		return m, err
	}
	m.forRules, err = neededByNFT(trees)
	return m, err
}

// neededByNFT are the files of packages, by path, that nft is made of.
func neededByNFT(trees []deb.Tree) (map[string]bool, error) {
	picks, err := deb.Closure(trees, []string{nft.Program})
	if errors.As(err, new(*deb.NoFileError)) {
		return nil, nil // an overlay's, which needs what it needs
	}
	paths := map[string]bool{}
	for _, p := range picks {
		paths[p.Path] = true
	}
	return paths, err
}

// packages says which packages to use, and has them in the cache.
func (e *Env) packages(ctx context.Context, p *profile.Profile, requested []string, pinned *lock.Lock, o Options) ([]deb.Package, error) {
	if pinned.Covers(requested) {
		packages := unpin(pinned.Package)
		err := e.Apt.Fetch(ctx, packages)
		var gone *deb.GoneError
		if !errors.As(err, &gone) {
			return packages, err
		}
		if o.Locked {
			return nil, fmt.Errorf("building --locked: %w; \"imgbuild lock\" takes what there is", err)
		}
		e.Progress.Note("%v; taking what there is", gone)
	} else if o.Locked {
		return nil, fmt.Errorf("building --locked: %s pins %s, the profile asks for %s; \"imgbuild lock\" pins that",
			o.LockFile, strings.Join(pinned.Requested, " "), strings.Join(requested, " "))
	}
	packages, err := e.resolve(ctx, p)
	if err != nil {
		return nil, placePackage(p, err)
	}
	if pinned != nil {
		now := &lock.Lock{Go: pinned.Go, Kernel: pinned.Kernel, Module: pinned.Module, Package: pin(packages), Tool: pinned.Tool}
		for _, line := range pinned.Diff(now) {
			e.Progress.Note("not as locked: %s", line)
		}
	}
	return packages, e.Apt.Fetch(ctx, packages)
}

// resolve asks apt. The kernel is asked for by itself: its metapackage would
// bring another system's way of making an initramfs.
func (e *Env) resolve(ctx context.Context, p *profile.Profile) ([]deb.Package, error) {
	var packages []deb.Package
	if names := slices.Sorted(maps.Keys(p.Packages)); len(names) > 0 {
		var err error
		if packages, err = e.Apt.Resolve(ctx, names); err != nil {
			return nil, err
		}
	}
	if p.Kernel.Package != "" {
		kernel, err := e.Apt.Kernel(ctx, p.Kernel.Package)
		if err != nil {
			return nil, err
		}
		packages = append(packages, kernel)
	}
	slices.SortFunc(packages, func(a, b deb.Package) int { return strings.Compare(a.Name, b.Name) })
	return slices.Compact(packages), nil
}

// placePackage names the place in the profile of a package that does not exist.
func placePackage(p *profile.Profile, err error) error {
	var none *deb.NoPackageError
	if !errors.As(err, &none) {
		return err
	}
	key := "kernel.package"
	if _, ok := p.Packages[none.Name]; ok {
		key = "packages." + none.Name
	}
	return profile.Problems{{Pos: p.At(key), Key: key, Msg: none.Error()}}
}

// unpack unpacks packages side by side; those in the cache cost nothing.
func (e *Env) unpack(ctx context.Context, packages []deb.Package) ([]deb.Tree, error) {
	trees := make([]deb.Tree, len(packages))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(2)
	for i, pkg := range packages {
		g.Go(func() (err error) {
			trees[i], err = e.Apt.Unpack(ctx, pkg)
			return err
		})
	}
	return trees, g.Wait()
}

// pick takes from the packages what the profile names, and what that needs.
func pick(p *profile.Profile, trees []deb.Tree) ([]tree.File, error) {
	var want []string
	var whole []deb.Pick
	for _, name := range slices.Sorted(maps.Keys(p.Packages)) {
		want = append(want, p.Packages[name].Files...)
		if !p.Packages[name].Whole {
			continue
		}
		i := slices.IndexFunc(trees, func(t deb.Tree) bool { return t.Name == name })
		if i < 0 {
			key := "packages." + name
			return nil, profile.Problems{{Pos: p.At(key), Key: key, Msg: "is a virtual package; accepted: one that provides it"}}
		}
		whole = append(whole, deb.Whole(trees[i])...)
	}
	picks, err := deb.Complete(trees, whole)
	if err != nil {
		return nil, err
	}
	needed, err := deb.Closure(trees, want)
	if err != nil {
		return nil, placeFiles(p, err)
	}
	files := make([]tree.File, 0, len(picks)+len(needed))
	for _, f := range append(picks, needed...) {
		// The loader's directories are links in every image.
		if f.Entry.Mode.IsDir() {
			continue
		}
		files = append(files, tree.File{Path: f.Path, Mode: f.Entry.Mode, UID: f.Entry.UID, GID: f.Entry.GID,
			Link: f.Entry.Link, Size: f.Entry.Size, Why: f.Why, Same: same(f), From: source(f)})
	}
	return files, nil
}

// source is where a picked file's content lies; links have none.
func source(f deb.Pick) tree.Source {
	if !f.Entry.Mode.IsRegular() {
		return tree.Source{}
	}
	return tree.Source{Store: "package", Name: f.Package, Path: "/" + f.Entry.Path, SHA256: f.Entry.SHA256, Host: f.Host}
}

// same is what names of one file of a package have in common: the name that the package has first.
func same(f deb.Pick) string {
	if !f.Entry.Mode.IsRegular() {
		return ""
	}
	return "package " + f.Package + ": /" + cmp.Or(f.Entry.Hardlink, f.Entry.Path)
}

// placeFiles names the places in the profile of files that no package has.
func placeFiles(p *profile.Profile, err error) error {
	var problems profile.Problems
	for _, e := range unjoin(err) {
		var missing *deb.NoFileError
		if !errors.As(e, &missing) {
			return err
		}
		for name, pkg := range p.Packages {
			if i := slices.Index(pkg.Files, missing.Want); i >= 0 {
				key := fmt.Sprintf("packages.%s.files[%d]", name, i)
				problems = append(problems, profile.Problem{Pos: p.At(key), Key: key, Msg: missing.Error()})
			}
		}
	}
	return problems.Sort()
}

func pin(packages []deb.Package) []lock.Package {
	out := make([]lock.Package, len(packages))
	for i, p := range packages {
		out[i] = lock.Package{Name: p.Name, Version: p.Version, Arch: p.Arch, SHA256: p.SHA256, Size: p.Size}
	}
	return out
}

func unpin(packages []lock.Package) []deb.Package {
	out := make([]deb.Package, len(packages))
	for i, p := range packages {
		out[i] = deb.Package{Name: p.Name, Version: p.Version, Arch: p.Arch, SHA256: p.SHA256, Size: p.Size}
	}
	return out
}
