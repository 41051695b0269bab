package deb

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// debPath is where a package that was fetched lies.
func debPath(t *testing.T, h *testHost, p Package) string {
	t.Helper()
	e, ok, err := h.deb(t.Context(), p)
	if err != nil || !ok {
		t.Fatalf("no %s in the cache: %v", p.Name, err)
	}
	return filepath.Join(e.Dir, debFile)
}

func TestDamagedDebIsFetchedAnew(t *testing.T) {
	for _, damage := range []struct {
		name string
		do   func(path string) error
	}{
		{"a byte changed", func(path string) error {
			b, err := os.ReadFile(path)
			b[len(b)-3] ^= 1
			return errors.Join(err, os.WriteFile(path, b, 0o644))
		}},
		{"cut short", func(path string) error { return os.Truncate(path, 100) }},
		{"missing", os.Remove},
	} {
		t.Run(damage.name, func(t *testing.T) {
			h := tools(t).host(nil)
			p := mustResolve(t, h, "loader")[0]
			if err := h.Fetch(t.Context(), []Package{p}); err != nil {
				t.Fatal(err)
			}
			path := debPath(t, h, p)
			if err := damage.do(path); err != nil {
				t.Fatal(err)
			}
			h.did()
			tree, err := h.Unpack(t.Context(), p)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Contains(h.did(), "apt-get download") {
				t.Error("it was not fetched anew")
			}
			if b, err := os.ReadFile(debPath(t, h, p)); err != nil || verify(p, bytes.NewReader(b), "now") != nil {
				t.Errorf("what was fetched is not what was asked for: %v", err)
			}
			if len(tree.Files) != 3 {
				t.Errorf("unpacked %d files", len(tree.Files))
			}
		})
	}
}

func TestDamagedDebWithoutMirror(t *testing.T) {
	r := tools(t)
	h := r.host(nil)
	p := mustResolve(t, h, "loader")[0]
	if err := h.Fetch(t.Context(), []Package{p}); err != nil {
		t.Fatal(err)
	}
	path := debPath(t, h, p)
	if err := os.WriteFile(path, make([]byte, p.Size), 0o644); err != nil {
		t.Fatal(err)
	}
	r.offline(true)
	if _, err := h.Unpack(t.Context(), p); err == nil || !slices.ContainsFunc(h.notes, func(n string) bool { return strings.Contains(n, "deb/"+p.SHA256) }) {
		t.Errorf("error %v, notes %q", err, h.notes)
	}
	if _, ok := h.cache.Lookup(kindTree, p.SHA256); ok {
		t.Error("a damaged package was unpacked")
	}
	r.offline(false)
	if _, err := h.Unpack(t.Context(), p); err != nil {
		t.Errorf("with the mirror back: %v", err)
	}
}

func TestDamagedTreeIndex(t *testing.T) {
	h := tools(t).host(nil)
	p := mustResolve(t, h, "loader")[0]
	tree, err := h.Unpack(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(tree.Dir, "index"), []byte("rot"), 0o644); err != nil {
		t.Fatal(err)
	}
	again, err := h.Unpack(t.Context(), p)
	if err != nil || len(again.Files) != len(tree.Files) {
		t.Errorf("%v, %v", again.Files, err)
	}
}

// Apt's lists name the hashes of what is downloaded: those that somebody changed are fetched anew, also by
// one who has fetched them already. A file that apt would take for settings is none.
func TestForeignLists(t *testing.T) {
	r := tools(t)
	h := r.host(nil)
	want := mustResolve(t, h, "loader")
	state, err := h.cache.State("apt")
	if err != nil {
		t.Fatal(err)
	}
	lists, err := filepath.Glob(filepath.Join(state, "state/lists/*Packages*"))
	if err != nil || len(lists) != 1 {
		t.Fatalf("lists: %v, %v", lists, err)
	}
	evil := filepath.Join(t.TempDir(), "evil")
	for _, attack := range []struct {
		name string
		do   func() error
	}{
		{"a list", func() error {
			b, err := os.ReadFile(lists[0])
			b = bytes.ReplaceAll(b, []byte(want[0].SHA256), []byte(strings.Repeat("0", 64)))
			info, _ := os.Stat(lists[0])
			return errors.Join(err, os.WriteFile(lists[0], b, 0o644), os.Chtimes(lists[0], info.ModTime(), info.ModTime()))
		}},
		{"a list more", func() error { return os.WriteFile(filepath.Join(state, "state/lists/evil_Packages"), nil, 0o644) }},
		{"apt's own file", func() error { return os.WriteFile(filepath.Join(state, "cache/pkgcache.bin"), []byte("x"), 0o644) }},
		{"settings", func() error {
			hook := "APT::Update::Pre-Invoke {\"touch " + evil + "\";};\n"
			return errors.Join(os.MkdirAll(filepath.Join(state, "none.d"), 0o755), os.WriteFile(filepath.Join(state, "none.d/evil.conf"), []byte(hook), 0o644),
				os.WriteFile(filepath.Join(state, "none"), []byte(hook), 0o644))
		}},
	} {
		t.Run(attack.name, func(t *testing.T) {
			if err := attack.do(); err != nil {
				t.Fatal(err)
			}
			h.notes = nil
			h.Refresh = attack.name == "settings" // which asks for an update
			if err := os.RemoveAll(filepath.Join(h.cache.Dir(), "entry", kindResolution)); err != nil {
				t.Fatal(err)
			}
			if got := mustResolve(t, h, "loader"); !slices.Equal(got, want) {
				t.Errorf("resolved %v, want %v", got, want)
			}
			if named := slices.ContainsFunc(h.notes, func(n string) bool { return strings.Contains(n, "package lists") }); named != (attack.name != "settings") {
				t.Errorf("notes %q", h.notes)
			}
		})
	}
	if _, err := os.Stat(evil); err == nil {
		t.Error("apt ran what somebody put into the cache")
	}
}
