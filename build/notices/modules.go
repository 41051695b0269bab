package notices

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"

	"github.com/imgbuild/imgbuild/build/gobin"
	"github.com/imgbuild/imgbuild/build/licence"
)

// Go is the name of Go's own notice among those of modules.
const Go = "go"

// Modules returns the notice of each Go module, by path@version, and that of Go's library and runtime, which every program has.
func (f Finder) Modules(ctx context.Context, version string, modules []gobin.Module) (map[string]Notice, error) {
	found := map[string]Notice{}
	keys := map[string]string{Go: key(Go, version)}
	for _, m := range modules {
		keys[m.String()] = key(m.String(), m.Sum)
	}
	absent := map[string]bool{}
	for name, key := range keys {
		n, err := f.keep(ctx, key, func(context.Context) (Notice, error) { return Notice{}, errAbsent })
		if errors.Is(err, errAbsent) {
			absent[name] = true
		} else if err != nil {
			return nil, err
		}
		found[name] = n
	}
	if len(absent) == 0 {
		return found, nil
	}
	var fetch []gobin.Module
	for _, m := range modules {
		if absent[m.String()] {
			fetch = append(fetch, m)
		}
	}
	return found, f.Go.Sources(ctx, fetch, func(dirs map[string]string) error {
		for name := range absent {
			n, err := f.keep(ctx, keys[name], func(context.Context) (Notice, error) { return readModule(name, dirs[name]) })
			if err != nil {
				return fmt.Errorf("reading the licence of %s: %w", name, err)
			}
			found[name] = n
		}
		return nil
	})
}

// Single returns the notice of what has one file of licences.
func (f Finder) Single(ctx context.Context, name string, file licence.File) (Notice, error) {
	return f.keep(ctx, key(name, string(file.Body)), func(context.Context) (Notice, error) {
		return Notice{Notice: licence.Files(name, file)}, nil
	})
}

// errAbsent says that the cache has no notice; modules are fetched all at once.
var errAbsent = errors.New("not in the cache")

func key(name, version string) string {
	sum := sha256.Sum256([]byte(name + "\n" + version))
	return hex.EncodeToString(sum[:])
}

func readModule(name, dir string) (n Notice, err error) {
	if name != Go {
		n.Notice, err = licence.Module(name, os.DirFS(dir))
		return n, err
	}
	files, err := gobin.License(dir)
	if err != nil {
		return n, err
	}
	n.Licence, n.Copyright = "BSD-3-Clause", "Copyright 2009 The Go Authors."
	for _, name := range slices.Sorted(maps.Keys(files)) {
		n.Files = append(n.Files, licence.File{Name: name, Body: files[name]})
	}
	return n, nil
}
