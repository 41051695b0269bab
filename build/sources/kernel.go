package sources

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/imgbuild/imgbuild/build/cache"
	"github.com/imgbuild/imgbuild/build/deb"
	"github.com/imgbuild/imgbuild/build/kmod"
	"github.com/imgbuild/imgbuild/build/plan"
	"github.com/imgbuild/imgbuild/build/tree"
	"github.com/imgbuild/imgbuild/internal/profile"
)

// kernel finds a kernel image and its modules; of the inputs there is no more.
func (f Finder) kernel(ctx context.Context, p *profile.Profile, trees []deb.Tree) (plan.Inputs, error) {
	if p.Kernel.Path != "" {
		return f.kernelFromFile(ctx, p)
	}
	for _, t := range trees {
		for _, image := range t.Files {
			if release, ok := strings.CutPrefix(strings.TrimPrefix(image.Path, "/"), "boot/vmlinuz-"); ok {
				k, err := f.kernelFromPackage(ctx, t, release, image)
				if err == nil {
					err = f.remember(p.Kernel.Package, indexKey(t, release))
				}
				return k, err
			}
		}
	}
	return plan.Inputs{}, profile.Problems{{Pos: p.At("kernel.package"), Key: "kernel.package",
		Msg: p.Kernel.Package + " brings no kernel image; accepted: such as linux-image-amd64 or linux-image-cloud-amd64"}}
}

func (f Finder) kernelFromPackage(ctx context.Context, t deb.Tree, release string, image deb.Entry) (plan.Inputs, error) {
	modules, err := f.index(ctx, indexKey(t, release), func() fs.FS { return f.Apt.FS(t) }, release)
	if err != nil {
		return plan.Inputs{}, err
	}
	byPath := make(map[string]*deb.Entry, len(t.Files))
	for i := range t.Files {
		byPath[strings.TrimPrefix(t.Files[i].Path, "/")] = &t.Files[i]
	}
	from := func(f deb.Entry) tree.Source {
		return tree.Source{Store: "package", Name: t.Name, Path: f.Path, SHA256: f.SHA256, Host: t.Host(f)}
	}
	return plan.Inputs{
		Kernel:  tree.File{Size: image.Size, From: from(image)},
		Modules: modules,
		ModuleFile: func(m *kmod.Module) (tree.File, error) {
			for _, at := range []string{modules.Source(m), "usr/" + modules.Source(m)} {
				if f, ok := byPath[at]; ok {
					return tree.File{Size: f.Size, From: from(*f)}, nil
				}
			}
			return tree.File{}, fmt.Errorf("package %s has no %s", t.Name, modules.Source(m))
		},
	}, nil
}

// kindIndex is the cache's kind of module indexes; the number in their keys changes
// with their format.
const kindIndex = "kmod"

func indexKey(t deb.Tree, release string) string { return t.SHA256 + "-" + release + "-1" }

const indexFile = "modules"

func readIndex(e *cache.Entry) (*kmod.Index, error) {
	text, err := e.Text(indexFile)
	if err != nil {
		return nil, err
	}
	x := new(kmod.Index)
	return x, x.Parse(text)
}

// index is what the modules say of themselves; reading thousands of them once is
// enough.
func (f Finder) index(ctx context.Context, key string, root func() fs.FS, release string) (*kmod.Index, error) {
	fill := func(ctx context.Context, dir string) (err error) {
		step := f.Progress.Step("reading the modules of "+release, 0)
		defer func() { step.Done(err) }()
		x, err := kmod.Scan(root(), release)
		if err != nil {
			return err
		}
		text, err := x.MarshalText()
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(dir, indexFile), text, 0o644)
	}
	var x *kmod.Index
	err := f.Cache.Mend(func() error {
		entry, err := f.Cache.Entry(ctx, kindIndex, key, fill)
		if err != nil {
			return err
		}
		x, err = readIndex(entry)
		return err
	})
	return x, err
}
