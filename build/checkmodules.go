package build

import (
	"context"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"

	"github.com/imgbuild/imgbuild/build/kmod"
	"github.com/imgbuild/imgbuild/build/plan"
	"github.com/imgbuild/imgbuild/internal/profile"
)

// CheckModules finds modules that the profile asks for and its kernel lacks,
// without network. known is false where this kernel was never built with on
// this machine, so that nobody here can tell.
func (e *Env) CheckModules(ctx context.Context, p *profile.Profile) (known bool, err error) {
	wants, err := plan.Wants(p)
	if err != nil {
		return false, err
	}
	var index *kmod.Index
	if p.Kernel.Path != "" {
		k, err := e.kernelFromFile(ctx, p)
		if err != nil {
			return false, err
		}
		index = k.modules
	} else if index, err = e.recall(p.Kernel.Package); index == nil || err != nil {
		return false, err
	}
	if _, err := index.Closure(wants); err != nil {
		return true, place(p, err)
	}
	return true, nil
}

// kernelsSeen is the part of the cache that knows which index a kernel package last led to.
const kernelsSeen = "kernels"

// remember notes the index of a kernel package for CheckModules.
func (e *Env) remember(pkg, key string) error {
	dir, err := e.Cache.State(kernelsSeen)
	if err != nil {
		return err
	}
	path := filepath.Join(dir, pkg)
	if now, err := os.ReadFile(path); err == nil && string(now) == key {
		return nil
	}
	return renameio.WriteFile(path, []byte(key), 0o644)
}

// recall returns the index that remember noted, nil where there is none any more.
func (e *Env) recall(pkg string) (*kmod.Index, error) {
	dir, err := e.Cache.State(kernelsSeen)
	if err != nil {
		return nil, err
	}
	key, err := os.ReadFile(filepath.Join(dir, filepath.Base(pkg)))
	if err != nil {
		return nil, nil
	}
	entry, ok := e.Cache.Lookup(kindIndex, string(key))
	if !ok {
		return nil, nil
	}
	return readIndex(entry)
}
