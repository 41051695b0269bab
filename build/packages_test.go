package build

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/build/buildtest"
	"github.com/imgbuild/imgbuild/build/lock"
	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/progress"
)

// Packages of the host's own mirror: nano is small.
func TestPackages(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: this test downloads packages")
	}
	dir, p := buildtest.World(t, "[packages.nano]\nfiles = [\"/bin/nano\"]\n")
	e := env(t, shared)
	var notes noted
	e.Progress = &notes
	o := Options{LockFile: filepath.Join(dir, "box.lock")}
	image, err := e.Prepare(t.Context(), p, o)
	if err != nil {
		t.Fatal(err)
	}
	var libc bool
	for _, f := range image.Plan.Files {
		libc = libc || strings.HasPrefix(filepath.Base(f.Path), "libc.so") && strings.Contains(f.Why, "needed by")
	}
	if !libc {
		t.Error("nano came without the C library it needs")
	}

	t.Run("a pinned version that the mirror no longer has", func(t *testing.T) {
		old := *image.Lock
		old.Package = append([]lock.Package(nil), old.Package...)
		for i := range old.Package {
			if old.Package[i].Name == "nano" {
				old.Package[i].Version, old.Package[i].SHA256 = "0.1-1", strings.Repeat("0", 64)
			}
		}
		if err := old.Write(o.LockFile); err != nil {
			t.Fatal(err)
		}
		defer os.Remove(o.LockFile)
		locked := o
		locked.Locked = true
		if _, err := e.Prepare(t.Context(), p, locked); err == nil || !strings.Contains(err.Error(), "nano") || !strings.Contains(err.Error(), "imgbuild lock") {
			t.Errorf("locked: %v", err)
		}
		again, err := e.Prepare(t.Context(), p, o)
		if err != nil {
			t.Fatal(err)
		}
		if d := image.Lock.Diff(again.Lock); len(d) > 0 {
			t.Errorf("it took something else than the newest: %v", d)
		}
		if !strings.Contains(notes.text, "not as locked: package nano: 0.1-1 000000000000 → ") {
			t.Errorf("the upgrade was not named: %q", notes.text)
		}
	})

	for _, tc := range []struct{ text, want string }{
		{"[packages.nnano]\nfiles = [\"/bin/nano\"]\n", "packages.nnano: "},
		{"[packages.nano]\nfiles = [\"/bin/nanno\"]\n", "packages.nano.files[0]: no package has /bin/nanno; did you mean"},
	} {
		_, p := buildtest.World(t, tc.text)
		_, err := e.Prepare(t.Context(), p, Options{})
		var problems profile.Problems
		if !errors.As(err, &problems) || !strings.Contains(err.Error(), tc.want) || problems[0].Pos.Line == 0 {
			t.Errorf("%s\n got %v\nwant %s", tc.text, err, tc.want)
		}
	}
}

// noted keeps notes.
type noted struct{ text string }

func (n *noted) Step(name string, total int64) progress.Step {
	return progress.Discard.Step(name, total)
}
func (n *noted) Note(format string, args ...any) {
	n.text += fmt.Sprintf(format+"\n", args...)
}
