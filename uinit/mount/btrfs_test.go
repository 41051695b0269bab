package mount

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/needed"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// labelled is a label that no other process' test has on this machine.
func labelled(label string) string { return fmt.Sprint(label, os.Getpid()) }

// severalOf is a btrfs on so many files, of which the kernel knows nothing.
func severalOf(t *testing.T, label string, n int) (files []string) {
	t.Helper()
	dir := t.TempDir()
	for i := range n {
		file := filepath.Join(dir, string(rune('a'+i)))
		if err := errors.Join(os.WriteFile(file, nil, 0o600), os.Truncate(file, 128<<20)); err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	tool(t, append([]string{"mkfs.btrfs", "-q", "-L", label, "-d", "raid1", "-m", "raid1"}, files...)...)
	return files
}

// loop makes a disk of a file.
func loop(t *testing.T, file string) string {
	t.Helper()
	return needed.Loop(t, file)
}

func several(*testing.T) Deps {
	return Deps{Sys: os.DirFS("/sys"), Turns: &Turns{}, Alone: func(string) error { return nil }, LoadModule: func(string) error { return nil }}
}

// A btrfs on several devices is one answer, is mounted when all of them are there, and its devices are known to the kernel then. The
// kernel is the judge.
func TestBtrfsOfSeveral(t *testing.T) {
	dir := own(t)
	if dir == "" {
		return
	}
	if text, _ := os.ReadFile("/proc/filesystems"); !strings.Contains(string(text), "\tbtrfs\n") {
		t.Skip("this kernel has no btrfs")
	}
	for name, tt := range map[string]struct {
		row   spec.Mount
		last  int // the device that comes last
		waits string
	}{
		"by its label, the second one last":   {spec.Mount{Source: "LABEL=" + labelled("manybtr")}, 1, `^1 of the 2 devices of the btrfs [0-9a-f-]{36}, not devid 2$`},
		"by its label, the first one last":    {spec.Mount{Source: "LABEL=" + labelled("manybtr")}, 0, `^1 of the 2 devices of the btrfs [0-9a-f-]{36}, not devid 1$`},
		"by a device of it":                   {spec.Mount{Source: "DEVICE"}, 1, `^1 of the 2 devices of the btrfs [0-9a-f-]{36}, not devid 2$`},
		"asked for without some, all of them": {spec.Mount{Source: "LABEL=" + labelled("manybtr"), Options: []string{"degraded"}, Timeout: spec.Duration(1 << 62)}, 1, `not devid 2$`},
	} {
		t.Run(name, func(t *testing.T) {
			files := severalOf(t, labelled("manybtr"), 2)
			first := loop(t, files[1-tt.last])
			if tt.row.Type = "btrfs"; tt.row.Source == "DEVICE" {
				tt.row.Source = first
			}
			target := filepath.Join(dir, strings.ReplaceAll(name, " ", "-"))
			deps := several(t)
			var m *Mount
			deps.Wait = func(_ context.Context, ready func() (bool, error)) error {
				if ok, err := ready(); ok || err != nil {
					t.Errorf("without a device: %v, %v", ok, err)
				}
				if waits := m.Waiting(); !regexp.MustCompile(tt.waits).MatchString(waits) {
					t.Errorf("it waits for %q", waits)
				}
				loop(t, files[tt.last])
				if ok, err := ready(); !ok || err != nil {
					t.Errorf("with all: %v, %v", ok, err)
				}
				return nil
			}
			m = New(target, tt.row, deps)
			err := m.Run(t.Context())
			defer unix.Unmount(target, unix.MNT_DETACH)
			if err != nil || count(t, target) != 1 {
				t.Fatalf("mounted %d times: %v", count(t, target), err)
			}
			if err := os.WriteFile(filepath.Join(target, "file"), []byte("text"), 0o600); err != nil {
				t.Error(err)
			}
			// In a second place, where the devices are held by the first.
			other := target + "-too"
			deps.Wait = func(_ context.Context, ready func() (bool, error)) error { _, err := ready(); return err }
			err = New(other, tt.row, deps).Run(t.Context())
			defer unix.Unmount(other, unix.MNT_DETACH)
			if text, _ := os.ReadFile(filepath.Join(other, "file")); err != nil || string(text) != "text" {
				t.Errorf("in a second place: %q, %v", text, err)
			}
		})
	}
}

// Without one of its devices a btrfs is mounted where its row asks for that, after a while.
func TestBtrfsDegraded(t *testing.T) {
	dir := own(t)
	if dir == "" {
		return
	}
	if text, _ := os.ReadFile("/proc/filesystems"); !strings.Contains(string(text), "\tbtrfs\n") {
		t.Skip("this kernel has no btrfs")
	}
	files := severalOf(t, labelled("halfbtr"), 2)
	loop(t, files[0])
	deps := several(t)
	waits := 0
	deps.Wait = func(ctx context.Context, ready func() (bool, error)) error {
		if ok, err := ready(); ok || err != nil {
			return err
		}
		waits++
		<-ctx.Done()
		return context.Cause(ctx)
	}
	target := filepath.Join(dir, "degraded")
	row := spec.Mount{Source: "LABEL=" + labelled("halfbtr"), Type: "btrfs", Options: []string{"noatime,degraded"}, Timeout: 2}
	if err := New(target, row, deps).Run(t.Context()); err != nil || count(t, target) != 1 || waits != 1 {
		t.Errorf("mounted %d times after %d waits: %v", count(t, target), waits, err)
	}
	_ = unix.Unmount(target, unix.MNT_DETACH)
	row.Options = nil
	ctx, cancel := context.WithCancelCause(t.Context())
	late := errors.New("late")
	cancel(late)
	if err := New(target, row, deps).Run(ctx); !errors.Is(err, late) || count(t, target) != 0 {
		t.Errorf("unasked: mounted %d times, %v", count(t, target), err)
	}
}

// Of a copy of a device nobody can say whether it is the one.
func TestBtrfsCopied(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("loop devices need root")
	}
	files := severalOf(t, labelled("copybtr"), 2)
	copied := filepath.Join(t.TempDir(), "copy")
	if out, err := exec.Command("cp", "--sparse=always", files[1], copied).CombinedOutput(); err != nil {
		t.Fatalf("cp: %v %s", err, out)
	}
	d := Devices{Sys: os.DirFS("/sys"), Open: openReadOnly, Alone: func(string) error { return nil }}
	one, two := loop(t, files[0]), loop(t, files[1])
	found, _, err := d.Find(Wanted{Label: labelled("copybtr")})
	if parts, lack, failed := d.parts(one); found != one || err != nil || !slices.Equal(parts, []string{one, two}) || lack != "" || failed != nil {
		t.Errorf("found %q, %v; parts %q, %q, %v", found, err, parts, lack, failed)
	}
	three := loop(t, copied)
	if _, _, err := d.Find(Wanted{Label: labelled("copybtr")}); err == nil || !strings.Contains(err.Error(), "answer alike") {
		t.Errorf("with a copy: %v", err)
	}
	if _, _, err := d.parts(one); err == nil || !strings.Contains(err.Error(), " answer alike: both are device 2 of the btrfs ") || !strings.Contains(err.Error(), two) || !strings.Contains(err.Error(), three) {
		t.Errorf("the parts, with a copy: %v", err)
	}
}

// Numbers have gaps where a device was removed.
func TestLacks(t *testing.T) {
	for want, there := range map[string]map[uint64]string{
		"": {1: "a", 2: "b", 3: "c"}, "1 of the 3 devices of the btrfs U, not devid 1, 3": {2: "b"}, "2 of the 3 devices of the btrfs U": {1: "a", 7: "g"},
	} {
		if got := lacks(there, part{uuid: "U", of: 3}); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
