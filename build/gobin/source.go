package gobin

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"

	"golang.org/x/mod/modfile"

	"github.com/imgbuild/imgbuild"
)

// ErrNoSource says that the source of uinit is nowhere to be found.
var ErrNoSource = errors.New("no source of uinit: this program was neither installed by “go install " + imgbuild.Module + "/cmd/imgbuild@latest” nor runs in its checkout; give a prebuilt one with --uinit FILE")

// source is where uinit comes from: a directory or a published version.
type source struct {
	checkout string
	release  release
}

// findSource decides where uinit comes from, so that it agrees with the builder
// about what lies between them (internal/spec):
//  1. this program was installed by "go install …@version": that version, in
//     whatever folder it runs;
//  2. it was compiled in a checkout that is still there: that one. The compiler
//     records its path, except under -trimpath;
//  3. else the checkout around the current directory.
func findSource(info *debug.BuildInfo, compiledFrom, cwd string) (source, error) {
	if info != nil {
		// As a library of another program we are among its dependencies.
		for _, m := range append([]*debug.Module{&info.Main}, info.Deps...) {
			// A build in a checkout may have a version, from the commit, but no sum.
			if m.Path == imgbuild.Module && m.Sum != "" && m.Replace == nil {
				return source{release: release{m.Path, m.Version, m.Sum, imgbuild.GoMod, imgbuild.GoSum}}, nil
			}
		}
	}
	for _, start := range []string{filepath.Dir(compiledFrom), cwd} {
		if dir, ok := checkoutAround(start); ok {
			return source{checkout: dir}, nil
		}
	}
	return source{}, ErrNoSource
}

// source applies findSource to this process.
func (b *Builder) source() (source, error) {
	if b.Checkout != "" {
		dir, err := filepath.Abs(b.Checkout)
		if err != nil {
			return source{}, fmt.Errorf("finding the source of uinit: %w", err)
		}
		return source{checkout: dir}, nil
	}
	info, _ := debug.ReadBuildInfo()
	_, file, _, _ := runtime.Caller(0)
	cwd, err := os.Getwd()
	if err != nil {
		return source{}, fmt.Errorf("finding the source of uinit: %w", err)
	}
	return findSource(info, file, cwd)
}

// checkoutAround looks for our go.mod in dir and the directories above it.
func checkoutAround(dir string) (string, bool) {
	if !filepath.IsAbs(dir) {
		return "", false
	}
	for {
		text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && modfile.ModulePath(text) == imgbuild.Module {
			return dir, true
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", false
		}
		dir = up
	}
}
