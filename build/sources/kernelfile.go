package sources

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

	"github.com/imgbuild/imgbuild/build/kmod"
	"github.com/imgbuild/imgbuild/build/plan"
	"github.com/imgbuild/imgbuild/build/tree"
	"github.com/imgbuild/imgbuild/internal/profile"
)

// kernelFromFile uses a kernel of the user's own.
func (f Finder) kernelFromFile(ctx context.Context, p *profile.Profile) (plan.Inputs, error) {
	file := p.Path("kernel.path", p.Kernel.Path)
	bad := func(key string, err error) (plan.Inputs, error) {
		return plan.Inputs{}, profile.Problems{{Pos: p.At(key), Key: key, Msg: err.Error()}}
	}
	sum, size, release, err := readKernel(file)
	if err != nil {
		return bad("kernel.path", err)
	}
	in := plan.Inputs{Kernel: tree.File{Size: size, From: tree.Source{Store: "file", Path: p.Kernel.Path, Host: file, SHA256: sum}},
		Modules: &kmod.Index{Release: release}}
	if p.Kernel.ModulesPath == "" {
		return in, nil
	}
	dir := p.Path("kernel.modules_path", p.Kernel.ModulesPath)
	key, err := stamp(dir)
	if err != nil {
		return bad("kernel.modules_path", err)
	}
	if in.Modules, err = f.index(ctx, key, func() fs.FS { return os.DirFS(dir) }, release); err != nil {
		return bad("kernel.modules_path", err)
	}
	in.ModuleFile = func(m *kmod.Module) (tree.File, error) {
		at := in.Modules.Source(m)
		host := filepath.Join(dir, at)
		sum, size, err := hashFile(host)
		return tree.File{Size: size, From: tree.Source{Store: "file", Path: at, Host: host, SHA256: sum}}, err
	}
	return in, nil
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
