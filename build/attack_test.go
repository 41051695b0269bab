package build

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/imgbuild/imgbuild/build/buildtest"
	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/progress"
	"github.com/imgbuild/imgbuild/profiles"
)

// heard is a reporter that keeps notes.
type heard struct {
	progress.Reporter
	mu    sync.Mutex
	notes []string
}

func (h *heard) Note(format string, args ...any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.notes = append(h.notes, fmt.Sprintf(format, args...))
}

// spoil changes a byte of every file below a folder, and neither size nor time; with
// that, it takes away a permission and adds a file to each directory.
func spoil(t *testing.T, dir string) {
	t.Helper()
	changed := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if d.IsDir() {
			if err := os.WriteFile(filepath.Join(path, "added.ko"), []byte("evil"), 0o755); err != nil {
				return err
			}
			return os.Chtimes(path, info.ModTime(), info.ModTime())
		}
		if !d.Type().IsRegular() || info.Size() == 0 || d.Name() == "added.ko" {
			return nil
		}
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			return err
		}
		defer f.Close()
		// In an ext4 this is the superblock's magic; behind it there are mostly holes.
		b, at := make([]byte, 1), min(info.Size()/2, 1080)
		if _, err := f.ReadAt(b, at); err != nil {
			return err
		}
		b[0] ^= 1
		if _, err := f.WriteAt(b, at); err != nil {
			return err
		}
		changed++
		if err := os.Chmod(path, info.Mode()|0o4111); err != nil {
			return err
		}
		return os.Chtimes(path, info.ModTime(), info.ModTime())
	})
	if err != nil || changed == 0 {
		t.Fatalf("%s: %d files changed, %v", dir, changed, err)
	}
}

// Whatever somebody changes in the cache, the next build gives the right bytes, and says what was wrong.
// Every kind of entry is attacked: one that this test does not know fails it. It needs a mirror, or a
// cache that was filled from one.
func TestAttackedCache(t *testing.T) {
	if testing.Short() {
		t.Skip("builds an image with Debian's packages a dozen times: left out by -short")
	}
	full := os.Getenv("IMGBUILD_TEST_FULL") != ""
	dir := t.TempDir()
	buildtest.Write(t, filepath.Join(dir, "box.toml"), `formats = ["kernel", "disk"]
[kernel]
package = "linux-image-cloud-amd64"
drivers = ["virtio"]
cmdline = ["console=ttyS0,115200"]
[disk]
state = "64M"
[packages.mdadm]
files = ["/sbin/mdadm"]
[console.ttyS0]
login = "autologin"
[image]
commands = ["true"]
`)
	p, _, err := profile.Load(filepath.Join(dir, "box.toml"), profile.Find(profiles.FS))
	if err != nil {
		t.Fatal(err)
	}
	h := &heard{Reporter: progress.Discard}
	e, err := NewEnv(filepath.Join(dir, "cache"), h)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Apt.Kernel(t.Context(), "linux-image-cloud-amd64"); err != nil {
		t.Skipf("no mirror: %v", err)
	}
	build := func(t *testing.T) string {
		t.Helper()
		made, err := e.Build(t.Context(), p, filepath.Join(dir, "out"), Options{})
		if err != nil {
			t.Fatal(err)
		}
		var sums []string
		for _, a := range made {
			sums = append(sums, a.SHA256+" "+a.Name)
		}
		return strings.Join(sums, "\n")
	}
	want := build(t)
	entries := func(kind string) string { return filepath.Join(e.Cache.Dir(), "entry", kind) }

	// What is gone lets the build read what it would else pass by.
	attacks := []struct {
		kind   string
		gone   []string
		always bool
	}{
		{"resolve", nil, true}, {"go-version", nil, false}, {"kmod", nil, false}, {"segment", nil, true}, {"usr", nil, false},
		{"grub", nil, false}, {"ext4", nil, false}, {"papers", nil, true}, {"notice", []string{"papers"}, false},
		{"uinit", []string{"segment"}, true}, {"busybox", []string{"usr"}, false},
		{"deb-tree-1", []string{"segment", "usr", "kmod", "grub", "ext4"}, false},
		{"deb", []string{"deb-tree-1"}, false},
	}
	known := map[string]bool{}
	for _, a := range attacks {
		known[a.kind] = true
	}
	items, err := e.Cache.List()
	if err != nil {
		t.Fatal(err)
	}
	there := map[string]bool{}
	for _, i := range items {
		there[i.Kind] = true
	}
	if !maps.Equal(known, there) {
		t.Fatalf("the cache holds %v, attacked are %v", slices.Sorted(maps.Keys(there)), slices.Sorted(maps.Keys(known)))
	}
	for _, a := range attacks {
		t.Run(a.kind, func(t *testing.T) {
			if !a.always && !full {
				t.Skip("another kind of the same: make test-full runs it")
			}
			h.notes = nil
			spoil(t, entries(a.kind))
			for _, kind := range a.gone {
				if err := os.RemoveAll(entries(kind)); err != nil {
					t.Fatal(err)
				}
			}
			if got := build(t); got != want {
				t.Errorf("made\n%s\nwant\n%s", got, want)
			}
			if !slices.ContainsFunc(h.notes, func(n string) bool { return strings.Contains(n, "entry "+a.kind+"/") }) {
				t.Errorf("nobody said that %s was damaged: %q", a.kind, h.notes)
			}
			h.notes = nil
			if got := build(t); got != want || len(h.notes) != 0 {
				t.Errorf("once more: the same bytes %v, notes %q", got == want, h.notes)
			}
		})
	}
	t.Run("apt's lists", func(t *testing.T) {
		if !full {
			t.Skip("fetches them anew; TestForeignLists in build/deb changes those of a mirror of its own: make test-full runs it")
		}
		spoil(t, filepath.Join(e.Cache.Dir(), "state/apt"))
		if err := os.RemoveAll(entries("resolve")); err != nil {
			t.Fatal(err)
		}
		h.notes = nil
		if got := build(t); got != want || !slices.ContainsFunc(h.notes, func(n string) bool { return strings.Contains(n, "package lists") }) {
			t.Errorf("the same bytes %v, notes %q", got == want, h.notes)
		}
	})
	t.Run("all of it, by one whose index knows nothing", func(t *testing.T) {
		if !full {
			t.Skip("unpacks and packs all again: make test-full runs it")
		}
		spoil(t, filepath.Join(e.Cache.Dir(), "entry"))
		e.Cache.Close()
		t.Setenv("XDG_STATE_HOME", t.TempDir())
		if e, err = NewEnv(e.Cache.Dir(), h); err != nil {
			t.Fatal(err)
		}
		if got := build(t); got != want {
			t.Errorf("made\n%s\nwant\n%s", got, want)
		}
	})
}
