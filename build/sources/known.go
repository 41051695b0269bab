package sources

import (
	"context"
	"path/filepath"

	"github.com/imgbuild/imgbuild/build/kmod"
	"github.com/imgbuild/imgbuild/build/plan"
	"github.com/imgbuild/imgbuild/internal/profile"
)

// CheckModules finds modules that the profile asks for and its kernel lacks,
// without network. known is false where this kernel was never built with on
// this machine, so that nobody here can tell.
func (f Finder) CheckModules(ctx context.Context, p *profile.Profile) (known bool, err error) {
	wants, err := plan.Wants(p)
	if err != nil {
		return false, err
	}
	var index *kmod.Index
	if p.Kernel.Path != "" {
		in, err := f.kernelFromFile(ctx, p)
		if err != nil {
			return false, err
		}
		index = in.Modules
	} else if index, err = f.recall(p.Kernel.Package); index == nil || err != nil {
		return false, err
	}
	if _, err := index.Closure(wants); err != nil {
		return true, Place(p, err)
	}
	return true, nil
}

// kernelSeen begins the note, in the cache's index, of which index of modules a kernel package last led to.
const kernelSeen = "kernel-"

// remember notes the index of a kernel package for CheckModules.
func (f Finder) remember(pkg, key string) error {
	if string(f.Cache.Note(kernelSeen+pkg)) == key {
		return nil
	}
	return f.Cache.SetNote(kernelSeen+pkg, []byte(key))
}

// recall returns the index that remember noted, nil where there is none any more.
func (f Finder) recall(pkg string) (*kmod.Index, error) {
	key := f.Cache.Note(kernelSeen + filepath.Base(pkg))
	if key == nil {
		return nil, nil
	}
	var index *kmod.Index
	err := f.Cache.Mend(func() (err error) {
		if entry, ok := f.Cache.Lookup(kindIndex, string(key)); ok {
			index, err = readIndex(entry)
		}
		return err
	})
	return index, err
}
