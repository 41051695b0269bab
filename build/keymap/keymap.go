// Package keymap makes keyboard maps as the kernel takes them, table by table (KDSKBENT in linux/kd.h), out of those that Debian's
// console-data has as text, by loadkeys of its kbd.
package keymap

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/build/cache"
	"github.com/imgbuild/imgbuild/build/deb"
	"github.com/imgbuild/imgbuild/build/unpacked"
	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/suggest"
)

// Packages that maps are made of, and by.
const (
	Data  = "console-data"
	Tools = "kbd"
)

// folder is where the maps of PCs' keyboards lie.
const folder = "usr/share/keymaps/i386/"

// UnknownError says that there is no map of that name.
type UnknownError struct {
	Name  string
	Known []string
}

func (e *UnknownError) Error() string {
	return fmt.Sprintf("%s has no keyboard map %q%s; accepted: the name of one in /%s, such as de, fr, uk or us", Data, e.Name, suggest.DidYouMean(e.Name, e.Known), folder)
}

// Maker makes maps, and keeps them in the cache.
type Maker struct {
	Cache *cache.Cache
	Apt   *deb.Apt
}

// Maps makes the maps that a profile names. The error is profile.Problems for one that there is not.
func (m Maker) Maps(ctx context.Context, p *profile.Profile, packages []deb.Package) (map[string][]byte, error) {
	made := map[string][]byte{}
	for key, name := range p.NamedKeymaps() {
		content, err := m.Map(ctx, string(name), packages)
		if unknown := (*UnknownError)(nil); errors.As(err, &unknown) {
			return nil, profile.Problems{{Pos: p.At(key), Key: key, Msg: unknown.Error()}}
		}
		if err != nil {
			return nil, err
		}
		made[string(name)] = content
	}
	return made, nil
}

// Map makes the map of a name out of the closure of Data and Tools, in the form of "loadkeys --bkeymap": the word "bkeymap", a byte for
// each of 256 tables which says whether it is there, and 128 values for each that is, two bytes each, the lower one first. Letters
// are in Unicode, as the kernel's console has them. The error is *UnknownError where there is none.
func (m Maker) Map(ctx context.Context, name string, packages []deb.Package) ([]byte, error) {
	h := sha256.New()
	fmt.Fprintln(h, 1, name) // what is done below
	for _, p := range packages {
		fmt.Fprintln(h, p.Name, p.SHA256)
	}
	const file = "map"
	entry, err := m.Cache.Entry(ctx, "keymap", hex.EncodeToString(h.Sum(nil)), func(ctx context.Context, dir string) error {
		made, err := m.make(ctx, name, packages)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(dir, file), made, 0o644)
	})
	if err != nil {
		return nil, err
	}
	return entry.Read(file)
}

func (m Maker) make(ctx context.Context, name string, packages []deb.Package) (made []byte, err error) {
	err = unpacked.With(ctx, m.Apt, packages, []string{"/bin/loadkeys"}, func(root string) error {
		at, err := m.layOut(ctx, root, packages)
		if err != nil {
			return err
		}
		file, ok := at[name]
		if !ok {
			return &UnknownError{name, slices.Sorted(maps.Keys(at))}
		}
		text, err := unpacked.Program{Root: root, Path: "bin/loadkeys"}.Output(ctx, "--bkeymap", "--unicode", file)
		made = []byte(text)
		return err
	})
	return made, err
}

// layOut puts maps, and what they include, below root as text, and says where each of them is.
func (m Maker) layOut(ctx context.Context, root string, packages []deb.Package) (map[string]string, error) {
	i := slices.IndexFunc(packages, func(p deb.Package) bool { return p.Name == Data })
	if i < 0 {
		return nil, fmt.Errorf("looking for keyboard maps: the lock lists no %s", Data)
	}
	tree, err := m.Apt.Unpack(ctx, packages[i])
	if err != nil {
		return nil, err
	}
	at := map[string]string{}
	for _, f := range tree.Files {
		if !strings.HasPrefix(f.Path, folder) || !f.Mode.IsRegular() {
			continue
		}
		content, err := m.Apt.Read(tree, f)
		if err != nil {
			return nil, err
		}
		plain, packed := strings.CutSuffix(f.Path, ".gz")
		if packed {
			if content, err = gunzip(content); err != nil {
				return nil, fmt.Errorf("reading %s of %s: %w", f.Path, tree.Package, err)
			}
		}
		to := filepath.Join(root, plain)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return nil, err
		}
		if err := os.WriteFile(to, content, 0o644); err != nil {
			return nil, err
		}
		if name, ok := strings.CutSuffix(path.Base(plain), ".kmap"); ok {
			at[name] = to
		}
	}
	if len(at) == 0 {
		return nil, fmt.Errorf("looking for keyboard maps: %s has none in %s: %w", tree.Package, folder, fs.ErrNotExist)
	}
	return at, nil
}

func gunzip(packed []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}
