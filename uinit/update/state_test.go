package update

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/internal/bounded"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/feature/featuretest"
)

// The state directory carries the number of its format, and a version that comes back to what a later one has left says so, and leaves
// the number alone.
func TestMarkState(t *testing.T) {
	for name, tt := range map[string]struct {
		was, is string
		fact    any
		says    bool
	}{
		"nothing": {"", "1\n", 1, false},
		"ours":    {"1\n", "1\n", 1, false},
		"earlier": {"0\n", "1\n", 1, false},
		"later":   {"2\n", "2\n", 2, true},
		"garbage": {"x\n", "x\n", nil, false},
	} {
		dir, err := os.MkdirTemp("/var/tmp", "state") // /tmp may be memory
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { os.RemoveAll(dir) })
		if !bounded.OnDisk(dir) {
			t.Skip("/var/tmp is no disk")
		}
		file := filepath.Join(dir, "format")
		if tt.was != "" {
			if err := os.WriteFile(file, []byte(tt.was), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		d := featuretest.Deps(t, spec.Machine{State: spec.State{Path: dir}, Update: &spec.Update{}})
		newUpdater(d).markState()
		got, err := os.ReadFile(file)
		said := strings.Contains(strings.Join(d.Facts.Troubles(), "\n"), "written by a later version: format 2, and this one knows 1")
		if err != nil || string(got) != tt.is || said != tt.says || featuretest.Fact(d, "update.state_format") != tt.fact {
			t.Errorf("%s: the file is %q, %v, the fact %v, it says so: %v", name, got, err, featuretest.Fact(d, "update.state_format"), said)
		}
	}
}
