package kmod

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
)

// bases are where distributions keep modules; Debian moved to the second with 13.
var bases = []string{"lib/modules", "usr/lib/modules"}

// Scan reads what every module of the release says of itself. fsys is the root of
// an unpacked kernel package. A file that is not a module, or a damaged one, is an
// error that names it.
func Scan(fsys fs.FS, release string) (*Index, error) {
	x := &Index{Release: release}
	for _, base := range bases {
		if info, err := fs.Stat(fsys, path.Join(base, release)); err == nil && info.IsDir() {
			x.Dir = path.Join(base, release)
			break
		}
	}
	if x.Dir == "" {
		return nil, fmt.Errorf("looking for the modules of kernel %s: %w in %s", release, fs.ErrNotExist, strings.Join(bases, " or "))
	}
	if err := x.scanFiles(fsys); err != nil {
		return nil, fmt.Errorf("reading the modules of kernel %s: %w", release, err)
	}
	if err := x.scanBuiltin(fsys); err != nil {
		return nil, fmt.Errorf("reading the built-in modules of kernel %s: %w", release, err)
	}
	x.connect()
	return x, nil
}

func (x *Index) scanFiles(fsys fs.FS) error {
	modules, err := x.list(fsys)
	if err != nil {
		return err
	}
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	const batch = 64
	for part := range slices.Chunk(modules, batch) {
		group.Go(func() error {
			for i := range part {
				if err := x.read(fsys, &part[i]); err != nil {
					return fmt.Errorf("%s: %w", part[i].Path+part[i].Packed, err)
				}
			}
			return nil
		})
	}
	x.Modules = modules
	return group.Wait()
}

// list finds the module files in the order of modules.order; those it does not
// name follow by path.
func (x *Index) list(fsys fs.FS) ([]Module, error) {
	order, err := x.lines(fsys, "modules.order")
	if err != nil {
		return nil, err
	}
	rank := make(map[string]int, len(order))
	for i, p := range order {
		rank[p] = i - len(order)
	}
	var modules []Module
	err = fs.WalkDir(fsys, x.Dir, func(p string, d fs.DirEntry, err error) error {
		// "build" and "source" are links to where the kernel was made.
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		plain, packed := p, path.Ext(p)
		if _, known := unpackers[packed]; known {
			plain = strings.TrimSuffix(p, packed)
		} else {
			packed = ""
		}
		if strings.HasSuffix(plain, ".ko") {
			file := strings.TrimPrefix(plain, x.Dir+"/")
			modules = append(modules, Module{Name: nameOf(file), Path: file, Packed: packed})
		}
		return nil
	})
	slices.SortStableFunc(modules, func(a, b Module) int {
		if d := rank[a.Path] - rank[b.Path]; d != 0 {
			return d
		}
		return strings.Compare(a.Path, b.Path)
	})
	return modules, err
}

// nameOf is the module's name from its path.
func nameOf(file string) string { return Canonical(strings.TrimSuffix(path.Base(file), ".ko")) }

// read fills m from its file.
func (x *Index) read(fsys fs.FS, m *Module) error {
	f, err := x.openAt(fsys, m)
	if err != nil {
		return err
	}
	defer f.Close()
	m.Size = f.size
	info, err := modinfo(f)
	if err != nil {
		return err
	}
	return m.describe(info)
}

// scanBuiltin reads modules.builtin (paths) and modules.builtin.modinfo (entries
// "module.key=value"), where the kernel has them.
func (x *Index) scanBuiltin(fsys fs.FS) error {
	info, err := optional(fsys, path.Join(x.Dir, "modules.builtin.modinfo"))
	if err != nil {
		return err
	}
	entries := map[string][]byte{}
	for entry := range bytes.SplitSeq(info, []byte{0}) {
		if name, rest, ok := bytes.Cut(entry, []byte(".")); ok {
			key := Canonical(string(name))
			entries[key] = append(append(entries[key], rest...), 0)
		}
	}
	paths, err := x.lines(fsys, "modules.builtin")
	if err != nil {
		return err
	}
	files := map[string]string{}
	for _, file := range paths {
		files[nameOf(file)] = file
		if _, known := entries[nameOf(file)]; !known {
			entries[nameOf(file)] = nil
		}
	}
	loadable := make(map[string]bool, len(x.Modules))
	for i := range x.Modules {
		loadable[x.Modules[i].Name] = true
	}
	for _, name := range sortedKeys(entries) {
		if loadable[name] {
			continue
		}
		m := Module{Name: name, Path: files[name], Builtin: true}
		if err := m.describe(entries[name]); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		x.Modules = append(x.Modules, m)
	}
	return nil
}

// lines reads a list of paths below the module directory; none if it is missing.
func (x *Index) lines(fsys fs.FS, name string) ([]string, error) {
	data, err := optional(fsys, path.Join(x.Dir, name))
	return strings.Fields(string(data)), err
}

func optional(fsys fs.FS, name string) ([]byte, error) {
	data, err := fs.ReadFile(fsys, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return data, err
}
