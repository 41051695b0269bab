package mount

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/bounded"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// A file is read from a file system that nobody mounts, and nothing is written there.
func TestPrivate(t *testing.T) {
	device, file := loopDevice(t)
	text := filepath.Join(t.TempDir(), "site.toml")
	if err := os.WriteFile(text, []byte("hostname = \"box\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tool(t, "mke2fs", "-q", "-t", "ext4", device)
	tool(t, "debugfs", "-w", "-R", "write "+text+" site.toml", device)
	before, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		kind, name string
		limit      int64
		err        error
	}{{"ext4", "site.toml", 17, nil}, {"ext4", "none.toml", 17, os.ErrNotExist}, {"ext4", "site.toml", 16, errAny}, {"nosuchfs", "site.toml", 17, unix.ENODEV}, {"xfs", "site.toml", 17, errAny}} {
		var got []byte
		root, err := Private(device, tt.kind)
		if err == nil {
			got, err = bounded.ReadIn(int(root.Fd()), tt.name, tt.limit)
			root.Close()
		}
		if (err == nil) != (tt.err == nil) || tt.err != errAny && !errors.Is(err, tt.err) || err == nil && string(got) != "hostname = \"box\"\n" {
			t.Errorf("%s of %s up to %d: %q, %v", tt.name, tt.kind, tt.limit, got, err)
		}
	}
	if after, err := os.ReadFile(file); err != nil || !bytes.Equal(after, before) {
		t.Errorf("something was written: %v", err)
	}
}

// An image without a /usr of its own, or with one that is mounted, is left alone; without drivers nothing is tried.
func TestAttachUsr(t *testing.T) {
	dir := own(t)
	if dir == "" {
		return
	}
	err := error(nil)
	for _, d := range []string{"proc", "early", "usr/bin", "dev"} {
		err = errors.Join(err, os.MkdirAll(filepath.Join(dir, d), 0o755))
	}
	if err := errors.Join(err, unix.Mount("proc", dir+"/proc", "proc", 0, ""), unix.Chroot(dir), os.Chdir("/")); err != nil {
		t.Fatal(err)
	}
	no := errors.New("no")
	try := func(refused string) (rows []string, tried bool, err error) {
		tried, err = AttachUsr(func(root, module string) error {
			if rows = append(rows, root+" "+module); module == refused {
				return no
			}
			return nil
		})
		return rows, tried, err
	}
	if rows, tried, err := try(""); rows != nil || tried || err != nil {
		t.Errorf("without an image: %q, %v, %v", rows, tried, err)
	}
	if err := os.WriteFile(spec.UsrImage, make([]byte, 4096), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, module := range []string{"loop", "squashfs"} {
		if rows, tried, err := try(module); !slices.Equal(rows, []string{" loop", " squashfs"}) || !tried || !errors.Is(err, no) {
			t.Errorf("without %s: %q, %v, %v", module, rows, tried, err)
		}
	}
	if rows, tried, err := try(""); len(rows) != 2 || !tried || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("without loop devices: %q, %v, %v", rows, tried, err)
	}
	if err := unix.Mount("tmpfs", "/usr", "tmpfs", 0, ""); err != nil {
		t.Fatal(err)
	}
	if rows, tried, err := try(""); rows != nil || tried || err != nil {
		t.Errorf("with one that is mounted: %q, %v, %v", rows, tried, err)
	}
}
