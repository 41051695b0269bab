package deb

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/build/cache"
	"github.com/imgbuild/imgbuild/internal/progress"
)

// offlineApt is an Apt in a cache of its own for which asking apt is an error.
func offlineApt(t *testing.T) *Apt {
	t.Helper()
	c, err := cache.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	a := New(c, notes{progress.Discard, t})
	a.run = func(context.Context, command) ([]byte, error) { return nil, errAsked }
	return a
}

var errAsked = errors.New("apt was asked")

// keeps puts a package of these files into the cache.
func keeps(t *testing.T, a *Apt, name string, files ...tarFile) Package {
	t.Helper()
	deb := ar("debian-binary", "2.0\n", "control.tar.gz", gz(t, tarball(t)), "data.tar.gz", gz(t, tarball(t, files...)))
	sum := sha256.Sum256(deb)
	p := Package{Name: name, Version: "1", Arch: "amd64", SHA256: hex.EncodeToString(sum[:]), Size: int64(len(deb))}
	if _, err := a.cache.Entry(t.Context(), kindDeb, p.SHA256, func(_ context.Context, dir string) error {
		return os.WriteFile(filepath.Join(dir, debFile), deb, 0o600)
	}); err != nil {
		t.Fatal(err)
	}
	return p
}

func damaged(err error) bool {
	bad := (*cache.DamageError)(nil)
	return errors.As(err, &bad)
}

// A package as a file system has what the package has, and of that only what is as it was unpacked.
func TestPackageAsFileSystem(t *testing.T) {
	a := offlineApt(t)
	p := keeps(t, a, "tool", folder("./etc/"), file("./etc/b", 0o640, "second"), file("./etc/a", 0o755, "first"), link("./etc/l", "a"), file("./usr/share/x/y", 0o644, ""))
	tree, err := a.Unpack(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	// What lies beside it in the cache is none of it.
	if err := os.WriteFile(filepath.Join(tree.Dir, "root/etc/c"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	f := a.FS(tree)
	for name, want := range map[string]struct {
		mode fs.FileMode
		size int64
	}{".": {fs.ModeDir | 0o755, 0}, "etc": {fs.ModeDir | 0o755, 0}, "etc/a": {0o755, 5}, "etc/b": {0o640, 6}, "etc/l": {fs.ModeSymlink | 0o777, 0}, "usr/share": {fs.ModeDir | 0o755, 0}, "usr/share/x/y": {0o644, 0}} {
		info, err := fs.Stat(f, name)
		if err != nil || info.Mode() != want.mode || info.Size() != want.size || info.IsDir() != want.mode.IsDir() || info.Name() != filepath.Base(name) || !info.ModTime().IsZero() {
			t.Errorf("%s: %+v, %v", name, info, err)
		}
	}
	for name, want := range map[string]string{".": "etc usr", "etc": "a b l", "usr/share/x": "y", "etc/a": ""} {
		entries, err := fs.ReadDir(f, name)
		var names []string
		for _, e := range entries {
			names = append(names, e.Name())
		}
		if err != nil || strings.Join(names, " ") != want {
			t.Errorf("%s: %q, %v", name, names, err)
		}
	}
	for name, want := range map[string]struct {
		text string
		err  error
	}{"etc/a": {"first", nil}, "usr/share/x/y": {"", nil}, "etc": {"", fs.ErrInvalid}, "etc/l": {"", fs.ErrInvalid}, "usr": {"", fs.ErrInvalid}, "etc/c": {"", fs.ErrNotExist}} {
		text, err := fs.ReadFile(f, name)
		if string(text) != want.text || !errors.Is(err, want.err) {
			t.Errorf("%s: %q, %v; want %q, %v", name, text, err, want.text, want.err)
		}
	}
	for _, op := range []func() error{func() error { _, err := fs.Stat(f, "etc/c"); return err }, func() error { _, err := fs.ReadDir(f, "none"); return err }} {
		if err := op(); !errors.Is(err, fs.ErrNotExist) {
			t.Error(err)
		}
	}
	opened, err := f.Open("etc/a")
	if err != nil {
		t.Fatal(err)
	}
	if info, err := opened.Stat(); err != nil || info.Name() != "a" || opened.Close() != nil {
		t.Errorf("%+v, %v", info, err)
	}

	at := slices.IndexFunc(tree.Files, func(e Entry) bool { return e.Path == "etc/a" })
	pick := Pick{Path: "etc/a", Entry: tree.Files[at], Host: tree.Host(tree.Files[at])}
	read := func() (string, error) {
		r, err := a.Open(pick)
		if err != nil {
			return "", err
		}
		defer r.Close()
		b, err := io.ReadAll(r)
		return string(b), err
	}
	e, ok := a.cache.Lookup(kindTree, p.SHA256)
	if !ok {
		t.Fatal("the tree is not in the cache")
	}
	if text, err := read(); text != "first" || err != nil {
		t.Errorf("%q, %v", text, err)
	}
	if err := a.CheckTree(kindTree, e); err != nil {
		t.Error(err)
	}
	// A byte of one file, of the same length.
	if err := os.WriteFile(pick.Host, []byte("furst"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := read(); !damaged(err) {
		t.Errorf("what was changed is read: %v", err)
	}
	if _, err := a.Read(tree, pick.Entry); !damaged(err) {
		t.Errorf("what was changed is read: %v", err)
	}
	if _, err := f.Open("etc/a"); !damaged(err) {
		t.Errorf("what was changed is read: %v", err)
	}
	if err := a.CheckTree(kindTree, e); !damaged(err) {
		t.Errorf("what was changed is found in order: %v", err)
	}
	if err := a.CheckTree("segment", e); err != nil {
		t.Errorf("of another kind: %v", err)
	}
	if err := os.Remove(pick.Host); err != nil {
		t.Fatal(err)
	}
	if err := a.CheckTree(kindTree, e); err == nil {
		t.Error("what is missing is found in order")
	}
	if err := os.WriteFile(filepath.Join(e.Dir, "index"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := a.CheckTree(kindTree, e); err == nil {
		t.Error("a tree without its index is found in order")
	}
}

// Packages that another cache has are taken from there, if they are what their hash says; else apt is asked.
func TestTakenFromAnotherCache(t *testing.T) {
	one := offlineApt(t)
	p, q := keeps(t, one, "tool", file("./usr/bin/tool", 0o755, "x")), keeps(t, one, "libt", file("./usr/lib/libt.so", 0o644, "y"))
	one.Refresh, one.MaxAge, one.Etc, one.Arch = true, 7, "/e", "arm64"
	two := one.In(offlineApt(t).cache)
	if two.Refresh != one.Refresh || two.MaxAge != one.MaxAge || two.Etc != one.Etc || two.Arch != one.Arch || two.other != one.cache || two.asked || two.now == nil {
		t.Errorf("%+v", two)
	}
	trees, err := two.UnpackAll(t.Context(), []Package{p, q, p})
	if err != nil || len(trees) != 3 || trees[0].Name != "tool" || trees[1].Name != "libt" || trees[2].Name != "tool" || len(trees[1].Files) != 1 || trees[1].Files[0].Path != "usr/lib/libt.so" {
		t.Errorf("%+v, %v", trees, err)
	}
	for _, tt := range []struct {
		a  *Apt
		ok bool
	}{{one, true}, {two, true}, {offlineApt(t), false}} {
		if _, ok, err := tt.a.Entry(t.Context(), kindDeb, p.SHA256); ok != tt.ok || err != nil {
			t.Errorf("the package is there: %v, %v", ok, err)
		}
	}
	for _, tt := range []struct {
		a  *Apt
		ok bool
	}{{two, true}, {one, false}} { // which has never unpacked it
		if _, ok, err := tt.a.Entry(t.Context(), kindTree, p.SHA256); ok != tt.ok || err != nil {
			t.Errorf("the tree is there: %v, %v", ok, err)
		}
	}
	// One byte of it in the other cache.
	path := one.cache.Path(kindDeb, q.SHA256, debFile)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)-3] ^= 1
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	three := one.In(offlineApt(t).cache)
	if err := three.Fetch(t.Context(), []Package{p}); err != nil {
		t.Errorf("what is whole: %v", err)
	}
	if err := three.Fetch(t.Context(), []Package{p, q}); !errors.Is(err, errAsked) {
		t.Errorf("what is not: %v", err)
	}
	if err := three.Fetch(t.Context(), nil); err != nil {
		t.Errorf("nothing: %v", err)
	}
	if _, err := three.UnpackAll(t.Context(), []Package{p, {Name: "x"}}); err == nil {
		t.Error("a package without a hash was unpacked")
	}
}

// A .deb that somebody put there counts by its hash alone, also where the cache's index has never heard of it.
func TestFoundByHash(t *testing.T) {
	one, two := offlineApt(t), offlineApt(t)
	p := keeps(t, one, "tool", file("./usr/bin/tool", 0o755, "x"))
	from, to := one.cache.Path(kindDeb, p.SHA256, debFile), two.cache.Path(kindDeb, p.SHA256, debFile)
	b, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	bad := bytes.Clone(b)
	bad[0] ^= 1
	for _, tt := range []struct {
		body []byte
		ok   bool
	}{{bad, false}, {b, true}} {
		if err := errors.Join(os.MkdirAll(filepath.Dir(to), 0o755), os.WriteFile(to, tt.body, 0o644)); err != nil {
			t.Fatal(err)
		}
		if _, ok, err := two.Entry(t.Context(), kindDeb, p.SHA256); ok != tt.ok || err != nil {
			t.Errorf("found %v, %v; want %v", ok, err, tt.ok)
		}
	}
	// Of a lock, which a person may have edited, only what is pinned whole is downloaded.
	for name, change := range map[string]func(*Package){
		"no hash": func(p *Package) { p.SHA256 = "" }, "a short one": func(p *Package) { p.SHA256 = p.SHA256[1:] }, "an upper one": func(p *Package) { p.SHA256 = strings.ToUpper(p.SHA256) },
		"no architecture": func(p *Package) { p.Arch = "" }, "a path": func(p *Package) { p.Arch = "a/b" }, "two fields": func(p *Package) { p.Arch = "a_b" }, "an option": func(p *Package) { p.Name = "-o" },
	} {
		odd := p
		change(&odd)
		if missing, err := two.missing(t.Context(), []Package{odd}); err == nil {
			t.Errorf("%s: %+v", name, missing)
		}
	}
	if missing, err := two.missing(t.Context(), []Package{p}); err != nil || missing != nil {
		t.Errorf("%+v, %v", missing, err)
	}
	if missing, err := offlineApt(t).missing(t.Context(), []Package{p}); err != nil || !reflect.DeepEqual(missing, []Package{p}) {
		t.Errorf("%+v, %v", missing, err)
	}
}
