package build

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/imgbuild/imgbuild/build/cache"
	"github.com/imgbuild/imgbuild/build/deb"
	"github.com/imgbuild/imgbuild/build/kmod"
	"github.com/imgbuild/imgbuild/build/tree"
	"github.com/imgbuild/imgbuild/internal/profile"
)

// kernel is a kernel image and its modules.
type kernel struct {
	image   tree.File
	modules *kmod.Index
	file    func(*kmod.Module) (tree.File, error)
}

func (e *Env) kernel(ctx context.Context, p *profile.Profile, trees []deb.Tree) (kernel, error) {
	if p.Kernel.Path != "" {
		return e.kernelFromFile(ctx, p)
	}
	for _, t := range trees {
		for _, f := range t.Files {
			if release, ok := strings.CutPrefix(strings.TrimPrefix(f.Path, "/"), "boot/vmlinuz-"); ok {
				k, err := e.kernelFromPackage(ctx, t, release, f)
				if err == nil {
					err = e.remember(p.Kernel.Package, indexKey(t, release))
				}
				return k, err
			}
		}
	}
	return kernel{}, profile.Problems{{Pos: p.At("kernel.package"), Key: "kernel.package",
		Msg: p.Kernel.Package + " brings no kernel image; accepted: such as linux-image-amd64 or linux-image-cloud-amd64"}}
}

func (e *Env) kernelFromPackage(ctx context.Context, t deb.Tree, release string, image deb.Entry) (kernel, error) {
	modules, err := e.index(ctx, indexKey(t, release), e.Apt.FS(t), release)
	if err != nil {
		return kernel{}, err
	}
	byPath := make(map[string]deb.Entry, len(t.Files))
	for _, f := range t.Files {
		byPath[strings.TrimPrefix(f.Path, "/")] = f
	}
	from := func(f deb.Entry) tree.Source {
		return tree.Source{Store: "package", Name: t.Name, Path: f.Path, SHA256: f.SHA256, Host: t.Host(f)}
	}
	return kernel{
		image:   tree.File{Size: image.Size, From: from(image)},
		modules: modules,
		file: func(m *kmod.Module) (tree.File, error) {
			for _, at := range []string{modules.Source(m), "usr/" + modules.Source(m)} {
				if f, ok := byPath[at]; ok {
					return tree.File{Size: f.Size, From: from(f)}, nil
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
	text, err := e.Read(indexFile)
	if err != nil {
		return nil, err
	}
	x := new(kmod.Index)
	return x, x.UnmarshalText(text)
}

// index is what the modules say of themselves; reading thousands of them once is
// enough.
func (e *Env) index(ctx context.Context, key string, root fs.FS, release string) (*kmod.Index, error) {
	fill := func(ctx context.Context, dir string) (err error) {
		step := e.Progress.Step("reading the modules of "+release, 0)
		defer func() { step.Done(err) }()
		x, err := kmod.Scan(root, release)
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
	err := e.Cache.Mend(func() error {
		entry, err := e.Cache.Entry(ctx, kindIndex, key, fill)
		if err != nil {
			return err
		}
		x, err = readIndex(entry)
		return err
	})
	return x, err
}

// kernelFromFile uses a kernel of the user's own.
func (e *Env) kernelFromFile(ctx context.Context, p *profile.Profile) (kernel, error) {
	file := fromProfile(p, "kernel.path", p.Kernel.Path)
	bad := func(key string, err error) (kernel, error) {
		return kernel{}, profile.Problems{{Pos: p.At(key), Key: key, Msg: err.Error()}}
	}
	sum, size, release, err := readKernel(file)
	if err != nil {
		return bad("kernel.path", err)
	}
	k := kernel{image: tree.File{Size: size, From: tree.Source{Store: "file", Path: p.Kernel.Path, Host: file, SHA256: sum}},
		modules: &kmod.Index{Release: release}}
	if p.Kernel.ModulesPath == "" {
		return k, nil
	}
	dir := fromProfile(p, "kernel.modules_path", p.Kernel.ModulesPath)
	key, err := stamp(dir)
	if err != nil {
		return bad("kernel.modules_path", err)
	}
	if k.modules, err = e.index(ctx, key, os.DirFS(dir), release); err != nil {
		return bad("kernel.modules_path", err)
	}
	k.file = func(m *kmod.Module) (tree.File, error) {
		at := k.modules.Source(m)
		host := filepath.Join(dir, at)
		sum, size, err := hashFile(host)
		return tree.File{Size: size, From: tree.Source{Store: "file", Path: at, Host: host, SHA256: sum}}, err
	}
	return k, nil
}

// fromProfile resolves a path that a profile names relative to itself.
func fromProfile(p *profile.Profile, key, name string) string {
	if dir, onDisk := p.DirOf(key); onDisk && !filepath.IsAbs(name) {
		return filepath.Join(dir, name)
	}
	return name
}

// readKernel hashes a bzImage and reads its release from the header's
// kernel_version (Documentation/arch/x86/boot.rst in the kernel).
func readKernel(file string) (sum string, size int64, release string, err error) {
	f, err := os.Open(file)
	if err != nil {
		return "", 0, "", err
	}
	defer f.Close()
	head := make([]byte, 0x212)
	if _, err := io.ReadFull(f, head); err != nil || string(head[0x202:0x206]) != "HdrS" {
		return "", 0, "", fmt.Errorf("%s is not a kernel image; accepted: a bzImage for x86-64", file)
	}
	version := make([]byte, 128)
	n, err := f.ReadAt(version, int64(head[0x20e])|int64(head[0x20f])<<8+0x200)
	if err != nil && err != io.EOF {
		return "", 0, "", err
	}
	release, _, _ = strings.Cut(string(version[:n]), " ")
	sum, size, err = hashFile(file)
	return sum, size, release, err
}

func hashFile(file string) (sum string, size int64, err error) {
	f, err := os.Open(file)
	if err != nil {
		return "", 0, err
	}
	defer f.Close()
	h := sha256.New()
	size, err = io.Copy(h, f)
	return hex.EncodeToString(h.Sum(nil)), size, err
}

// stamp identifies a directory of modules by names, sizes and times, which is
// how make tells too.
func stamp(dir string) (string, error) {
	h := sha256.New()
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			fmt.Fprintln(h, path.Clean(p), info.Size(), info.ModTime().UnixNano())
		}
		return err
	})
	return hex.EncodeToString(h.Sum(nil)), err
}
