// Package gobin compiles the two Go programs of an image: uinit, the init, and
// the busybox, one binary of many u-root commands.
//
// Both are built in module mode for linux/amd64 at the versions of imgbuild's
// own go.mod, so the binaries carry a module list (go version -m), the GODEBUG
// defaults of the current Go, and the same bytes whoever builds them wherever.
// Results live in a cache; a hit runs no go command at all.
package gobin

import (
	"context"
	"path/filepath"
	"sync"

	"github.com/imgbuild/imgbuild/build/cache"
	"github.com/imgbuild/imgbuild/internal/progress"
)

// Store keeps built programs under a kind and a key; *cache.Cache is one.
type Store interface {
	// Entry returns the entry of kind and key. If it does not exist, fill
	// makes its content in dir, which appears at its place only as a whole.
	Entry(ctx context.Context, kind, key string, fill func(ctx context.Context, dir string) error) (*cache.Entry, error)
	// Lookup returns the entry if it exists.
	Lookup(kind, key string) (*cache.Entry, bool)
	// Mend calls do, again when it came upon an entry that is damaged.
	Mend(do func() error) error
}

// Builder compiles the programs. Its methods may be called side by side.
type Builder struct {
	// Go is the go command, "go" if empty. It needs the version that go.mod
	// asks for, or leave to fetch it (GOTOOLCHAIN).
	Go string
	// Cache keeps what was built. Required.
	Cache Store
	// Progress is told about compilations; nil means nobody is.
	Progress progress.Reporter
	// Checkout is the tree whose uinit is compiled. Empty means: the version
	// that this program was installed from, else the tree that it was compiled
	// in, else the one around the current directory.
	Checkout string
	// BuildCache is the directory of Go's build cache, the user's if empty.
	BuildCache string
	// UinitFile and BusyboxFile are prebuilt static programs to use instead, for
	// hosts without Go.
	UinitFile, BusyboxFile string

	// One compilation at a time: two that start with an empty Go build cache
	// would each compile the standard library.
	compiling sync.Mutex
}

// program returns the cached program of kind and key, or has build write it to
// the path out. The directory work is build's scratch space.
func (b *Builder) program(ctx context.Context, kind, key, step string, build func(ctx context.Context, work, out string) ([]Module, error)) (Binary, error) {
	fill := func(ctx context.Context, dir string) (err error) {
		s := b.reporter().Step(step, 0)
		defer func() { s.Done(err) }()
		return inScratch(func(work string) error {
			sources, err := build(ctx, work, filepath.Join(dir, programFile))
			if err != nil {
				return err
			}
			return save(dir, sources)
		})
	}
	var bin Binary
	err := b.Cache.Mend(func() (err error) {
		e, ok := b.Cache.Lookup(kind, key)
		if !ok {
			b.compiling.Lock()
			defer b.compiling.Unlock()
			if e, err = b.Cache.Entry(ctx, kind, key, fill); err != nil {
				return err
			}
		}
		bin, err = load(e)
		return err
	})
	return bin, err
}

func (b *Builder) reporter() progress.Reporter {
	if b.Progress == nil {
		return progress.Discard
	}
	return b.Progress
}
