package mount

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/internal/blank"
	"github.com/imgbuild/imgbuild/internal/disk"
	"github.com/imgbuild/imgbuild/internal/needed"
	"github.com/imgbuild/imgbuild/internal/spec"
	maker "github.com/imgbuild/imgbuild/uinit/disk"
)

// A file system is made where nothing was, and where a person has erased what was; not on one that has lost both its ends, and
// not a second time.
func TestFormat(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("loop devices are root's")
	}
	const size, lost = 160 << 20, 1 << 20
	file := filepath.Join(t.TempDir(), "disk")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(file, size); err != nil {
		t.Fatal(err)
	}
	device := needed.Loop(t, file)

	var log []string
	m := New("/srv", spec.Mount{Type: "ext4", Create: true}, Deps{Format: func(ctx context.Context, who, device string) error {
		return maker.Format(ctx, os.DirFS("/sys"), device, func(disk string) { log = append(log, who+" "+disk) })
	}})
	label := func() string {
		f, err := os.Open(device)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		id, _ := Probe(f)
		return id.Type + " " + id.UUID
	}
	if err := m.format(t.Context(), device); err != nil || !strings.HasPrefix(label(), "ext4 ") {
		t.Fatalf("on a new disk: %v, then %q", err, label())
	}
	if len(log) != 1 || !strings.HasPrefix(log[0], "mount /srv "+filepath.Base(device)+" (160 MiB") {
		t.Errorf("the log is %q", log)
	}
	first := label()
	if err := m.format(t.Context(), device); err != nil || label() != first || len(log) != 1 {
		t.Errorf("a second time: %v, %q, was %q", err, label(), first)
	}

	f, err := os.OpenFile(device, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []int64{0, size - lost} {
		if _, err := f.WriteAt(make([]byte, lost), at); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if err := m.format(t.Context(), device); err == nil || !strings.Contains(err.Error(), "it holds ext4 backup superblock at byte ") || label() != " " {
		t.Errorf("without its ends: %v, then %q", err, label())
	}
	d, err := disk.At(os.DirFS("/sys"), device)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := blank.EraseDevice(t.Context(), d, func(string, int64, int64) {}); err != nil {
		t.Fatal(err)
	}
	if err := m.format(t.Context(), device); err != nil || label() == first || len(log) != 2 {
		t.Errorf("erased: %v, then %q", err, label())
	}
}
