package sysctl

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/sysctl/plan"
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
	if said := s.mend(false); said != nil {
		t.Errorf("nothing was changed, but %q", said)
	}
	write("vm/swappiness", "90\n")
	if said, want := s.mend(false), []string{`sysctl vm.swappiness was changed to "90"; it is "10" again`}; !slices.Equal(said, want) {
		t.Errorf("said %q, want %q", said, want)
	}
	if b, _ := os.ReadFile(file("vm/swappiness")); string(b) != "10\n" {
		t.Errorf("it is %q", b)
	}
	if said := s.mend(false); said != nil {
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

// What is usual is made unless the profile says otherwise, by the first name that the kernel knows, and not at all where it knows none.
func TestUsualSettings(t *testing.T) {
	root := t.TempDir()
	for name, text := range map[string]string{"kernel/kptr_restrict": "0\n", "kernel/dmesg_restrict": "0\n", "user/max_user_namespaces": "4\n"} {
		file := filepath.Join(root, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		profile map[string]string
		want    string
	}{
		{nil, "1 1 0"},
		{map[string]string{"kernel/dmesg_restrict": "0"}, "1 0 0"},
		// Whoever speaks of either way to shut user namespaces has the last word on them.
		{map[string]string{"kernel.kptr_restrict": "2", "user.max_user_namespaces": "7"}, "2 1 7"},
	} {
		m := &spec.Machine{Sysctl: tt.profile}
		s := &settings{root: root, want: maps.Clone(m.Sysctl), read: map[string]string{}}
		s.add(plan.Usuals(m))
		if err := s.set(); err != nil {
			t.Errorf("%v: %v", tt.profile, err)
		}
		var got []string
		for _, name := range []string{"kernel/kptr_restrict", "kernel/dmesg_restrict", "user/max_user_namespaces"} {
			b, _ := os.ReadFile(filepath.Join(root, name))
			got = append(got, strings.TrimSpace(string(b)))
		}
		if text := strings.Join(got, " "); text != tt.want {
			t.Errorf("%v: %q, want %q", tt.profile, text, tt.want)
		}
	}
	if err := os.WriteFile(filepath.Join(root, "kernel/unprivileged_userns_clone"), []byte("1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	s := &settings{root: root, read: map[string]string{}}
	s.add(plan.Usuals(&spec.Machine{Sysctl: map[string]string{"user/max_user_namespaces": "7"}}))
	if _, said := s.want["kernel.unprivileged_userns_clone"]; said {
		t.Error("user namespaces were shut in one way though the profile speaks of the other")
	}
	s.add(plan.Usuals(&spec.Machine{}))
	if s.want["kernel.unprivileged_userns_clone"] != "0" || s.want["user.max_user_namespaces"] != "" {
		t.Errorf("user namespaces on Debian's kernels: %v", s.want)
	}
}

// While an interface is by hand, settings of the network are as somebody makes them; others are made again.
func TestSettingsByHand(t *testing.T) {
	root := t.TempDir()
	for _, name := range []string{"net", "vm"} {
		if err := os.Mkdir(filepath.Join(root, name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, name, "x"), []byte("1\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	s := &settings{root: root, want: map[string]string{"net.x": "1", "vm.x": "1"}, read: map[string]string{}}
	if err := s.set(); err != nil {
		t.Fatal(err)
	}
	for _, byHand := range []bool{true, false} {
		for _, name := range []string{"net/x", "vm/x"} {
			if err := os.WriteFile(filepath.Join(root, name), []byte("2\n"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		s.mend(byHand)
		for name, want := range map[string]string{"net/x": map[bool]string{true: "2\n", false: "1\n"}[byHand], "vm/x": "1\n"} {
			if got, err := os.ReadFile(filepath.Join(root, name)); err != nil || string(got) != want {
				t.Errorf("by hand %t: %s is %q, %v; want %q", byHand, name, got, err, want)
			}
		}
	}
}
