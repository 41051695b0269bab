package sysctl

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// Settings that others change are made again; what reads otherwise than it was written is no change.
func TestSettings(t *testing.T) {
	root := t.TempDir()
	file := func(name string) string { return filepath.Join(root, name) }
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(file(name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(file("vm"), 0o755); err != nil {
		t.Fatal(err)
	}
	write("vm/swappiness", "60\n")
	write("vm/dirty_bytes", "0\n")
	s := &settings{root: root, want: map[string]string{"vm.swappiness": "10", "vm.dirty_bytes": "4096", "vm.gone": "1"}, read: map[string]string{}}
	if err := s.set(); err == nil {
		t.Error("a setting that the kernel does not have was made")
	}
	if _, err := os.Stat(file("vm/gone")); !os.IsNotExist(err) {
		t.Errorf("it was made as a file: %v", err)
	}
	s.read["vm.dirty_bytes"] = "4096 bytes\n"
	write("vm/dirty_bytes", "4096 bytes\n")
	if said := s.mend(); said != nil {
		t.Errorf("nothing was changed, but %q", said)
	}
	write("vm/swappiness", "90\n")
	if said, want := s.mend(), []string{`sysctl vm.swappiness was changed to "90"; it is "10" again`}; !slices.Equal(said, want) {
		t.Errorf("said %q, want %q", said, want)
	}
	if b, _ := os.ReadFile(file("vm/swappiness")); string(b) != "10\n" {
		t.Errorf("it is %q", b)
	}
	if said := s.mend(); said != nil {
		t.Errorf("mended twice: %q", said)
	}
}

// Whatever a description says, nothing is written beside /proc/sys.
func TestSettingsStayBelowTheirRoot(t *testing.T) {
	above := t.TempDir()
	root, other := filepath.Join(above, "sys"), filepath.Join(above, "other")
	for _, dir := range []string{root, filepath.Join(root, "net")} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, key := range []string{"net/../../other", "../other", "/../other", "..", ""} {
		if err := os.WriteFile(other, []byte("as it was"), 0o644); err != nil {
			t.Fatal(err)
		}
		s := &settings{root: root, want: map[string]string{key: "1"}, read: map[string]string{}}
		if err := s.set(); err == nil {
			t.Errorf("%q was set", key)
		}
		if b, err := os.ReadFile(other); err != nil || string(b) != "as it was" {
			t.Errorf("%q wrote %q, %v", key, b, err)
		}
	}
}
