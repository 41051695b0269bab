package build

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"syscall"

	"github.com/imgbuild/imgbuild/build/cache"
	"github.com/imgbuild/imgbuild/build/gobin"
	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/scratch"
)

// DifferenceError says that two builds of one profile came out differently.
type DifferenceError struct {
	// Name is an artifact's; First and Second are its SHA-256, in hex.
	Name, First, Second string
}

func (e *DifferenceError) Error() string {
	return fmt.Sprintf("verifying: %s came out as %.16s…, and as %.16s… from packages and sources alone; "+
		"where neither the profile's own files nor imgbuild's sources changed meanwhile, this is a bug in imgbuild", e.Name, e.First, e.Second)
}

// Verify builds a second time, in another folder, under another umask, and compares every byte. It takes
// nothing from the first build but the choice of packages: their .debs, from the cache where their hash
// is right there and else from the mirror, are unpacked anew, and everything is compiled anew, Go's own
// packages included. The error is a *DifferenceError where something is not the same.
func (e *Env) Verify(ctx context.Context, p *profile.Profile, o Options, first []Artifact) (err error) {
	image, err := e.Prepare(ctx, p, o)
	if err != nil {
		return err
	}
	dir, err := scratch.New("")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dir.Remove()) }()
	fresh, err := cache.OpenWith(dir.Join("cache"), dir.Join("index"))
	if err != nil {
		return err
	}
	defer fresh.Close()
	fresh.Warn = e.Progress.Note
	again := *e
	again.Cache, again.other, again.Apt = fresh, e.Cache, e.Apt.In(fresh)
	again.Go = &gobin.Builder{Go: e.Go.Go, Cache: fresh, Progress: e.Progress, Checkout: e.Go.Checkout, BuildCache: dir.Join("go"),
		UinitFile: e.Go.UinitFile, BusyboxFile: e.Go.BusyboxFile}
	before := syscall.Umask(0o077)
	defer syscall.Umask(before)
	if before == 0o077 {
		syscall.Umask(0o022)
	}
	o.pinned = image.Lock
	second, err := again.Build(ctx, p, filepath.Join(dir.Path, "out"), o)
	if err != nil {
		return fmt.Errorf("building a second time: %w", err)
	}
	return e.compare(first, second)
}

func (e *Env) compare(first, second []Artifact) error {
	for i, a := range first {
		if i >= len(second) || second[i].Name != a.Name {
			return fmt.Errorf("verifying: %s came out only once", a.Name)
		}
		if second[i].SHA256 != a.SHA256 {
			return &DifferenceError{a.Name, a.SHA256, second[i].SHA256}
		}
	}
	e.Progress.Note("verified: a second build, from packages and sources alone, gave the same %d files", len(first))
	return nil
}
