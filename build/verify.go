package build

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"

	"github.com/imgbuild/imgbuild/build/cache"
	"github.com/imgbuild/imgbuild/build/gobin"
	"github.com/imgbuild/imgbuild/internal/profile"
)

// Verify builds a second time, in another folder, under another umask, with
// nothing of the first build's but the downloaded packages, and compares every byte.
func (e *Env) Verify(ctx context.Context, p *profile.Profile, o Options, first []Artifact) (err error) {
	dir, err := os.MkdirTemp("", "imgbuild-verify-")
	if err != nil {
		return fmt.Errorf("making a temporary directory: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	fresh, err := cache.Open(dir + "/cache")
	if err != nil {
		return err
	}
	again := *e
	again.Cache = fresh
	again.Go = &gobin.Builder{Go: e.Go.Go, Cache: fresh, Progress: e.Progress, Checkout: e.Go.Checkout,
		UinitFile: e.Go.UinitFile, BusyboxFile: e.Go.BusyboxFile}
	before := syscall.Umask(0o077)
	defer syscall.Umask(before)
	if before == 0o077 {
		syscall.Umask(0o022)
	}
	second, err := again.Build(ctx, p, dir+"/out", o)
	if err != nil {
		return fmt.Errorf("building a second time: %w", err)
	}
	for i, a := range first {
		if i >= len(second) || second[i].SHA256 != a.SHA256 {
			return fmt.Errorf("verifying: %s came out differently the second time; both builds had the same inputs, so this is a bug in imgbuild", a.Name)
		}
	}
	e.Progress.Note("verified: a second build from scratch gave the same %d files", len(first))
	return nil
}
