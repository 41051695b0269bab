package repack_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/build/image"
	"github.com/imgbuild/imgbuild/build/repack"
	"github.com/imgbuild/imgbuild/build/squashfs"
	"github.com/imgbuild/imgbuild/internal/needed"
)

// live makes a squashfs as live systems have them.
func live(t *testing.T, args ...string) *image.Image {
	t.Helper()
	tool := needed.Program(t, "mksquashfs")
	dir := t.TempDir()
	root := filepath.Join(dir, "root")
	if err := os.MkdirAll(filepath.Join(root, "usr/bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"usr/bin/ping": "ping", "usr/bin/bash": strings.Repeat("bash ", 100000), "issue": "live", "empty": ""} {
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Link(filepath.Join(root, "usr/bin/bash"), filepath.Join(root, "usr/bin/rbash")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("usr/bin", filepath.Join(root, "bin")); err != nil {
		t.Fatal(err)
	}
	for name, at := range map[string]int64{"usr/bin/bash": 2000000, "issue": 3000000, "usr/bin": 1000000} {
		if err := os.Chtimes(filepath.Join(root, name), time.Unix(at, 0), time.Unix(at, 0)); err != nil {
			t.Fatal(err)
		}
	}
	if err := unix.Setxattr(filepath.Join(root, "usr/bin/ping"), "user.capability", []byte("\x01\x00net\x00raw"), 0); err != nil {
		t.Log("without extended attributes:", err)
	}
	out := filepath.Join(dir, "live.squashfs")
	args = append([]string{root, out, "-quiet", "-no-progress", "-root-mode", "751", "-p", "dev d 755 0 0", "-p", "dev/null c 666 0 5 1 3", "-p", "su f 4755 7 100000 printf su", "-p", "fifo i 600 0 0 f"}, args...)
	if text, err := exec.Command(tool, args...).CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, text)
	}
	return openFile(t, out)
}

func openFile(t *testing.T, name string) *image.Image {
	t.Helper()
	m, err := image.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

// everything renders all that a squashfs records of each file.
func everything(t *testing.T, m *image.Image) (map[string]string, squashfs.Superblock) {
	t.Helper()
	r, err := squashfs.Open(m.Content, m.Content.Size())
	if err != nil {
		t.Fatal(err)
	}
	all, names := map[string]string{}, map[uint32]string{}
	err = r.Walk(func(e squashfs.Entry) error {
		x, err := r.Xattrs(e)
		if err != nil {
			return err
		}
		text := fmt.Sprintf("%s %d:%d %s %s %d,%d %q", e.Mode, e.UID, e.GID, e.ModTime, e.Link, e.Major, e.Minor, x)
		if names[e.Inode] != "" {
			text += " == " + names[e.Inode]
		}
		names[e.Inode] = e.Path
		if e.Mode.IsRegular() {
			b, err := io.ReadAll(r.Content(e))
			if err != nil {
				return err
			}
			text += " " + string(b)
		}
		all[e.Path] = text
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all, r.Superblock
}

func TestSquashfs(t *testing.T) {
	for _, args := range []string{"-comp zstd -Xcompression-level 3", "-comp xz -b 256K -Xbcj x86 -Xdict-size 128K", "-comp gzip -no-fragments", "-comp lz4 -Xhc", "-comp lzo -Xalgorithm lzo1x_1_15", "-comp lzo -Xcompression-level 3", "-comp gzip -Xcompression-level 1 -Xstrategy default,filtered -noI"} {
		t.Run(args, func(t *testing.T) {
			m := live(t, strings.Fields(args)...)
			out := filepath.Join(t.TempDir(), "out")
			files := fstest.MapFS{"bin/new": {Data: []byte("new"), Mode: 0o700}, "issue": {Data: []byte("changed"), Mode: 0o644}, "opt/site/x": {Data: []byte("x"), Mode: 0o644}}
			if err := repack.Squashfs(t.Context(), out, m, "site", files); err != nil {
				t.Fatal(err)
			}
			want, before := everything(t, m)
			got, after := everything(t, openFile(t, out))
			made := before.Made.String()
			want["usr/bin/new"] = "-rwx------ 0:0 " + made + "  0,0 map[] new"
			want["issue"] = "-rw-r--r-- 0:0 " + made + "  0,0 map[] changed"
			want["opt"] = "drwxr-xr-x 0:0 " + made + "  0,0 map[]"
			want["opt/site"] = want["opt"]
			want["opt/site/x"] = "-rw-r--r-- 0:0 " + made + "  0,0 map[] x"
			delete(want, ".") // its time is another, see pack
			if !strings.HasPrefix(got["."], "drwxr-x--x 0:0 ") {
				t.Errorf("the root is %q", got["."])
			}
			delete(got, ".")
			for path := range want {
				if got[path] != want[path] {
					t.Errorf("%s is %.150q, want %.150q", path, got[path], want[path])
				}
			}
			if len(got) != len(want) {
				t.Errorf("%d files, want %d", len(got), len(want))
			}
			if after.Compressor != before.Compressor || after.BlockSize != before.BlockSize || !bytes.Equal(after.Options, before.Options) || after.Made != before.Made ||
				// Reading a tar archive, mksquashfs knows no sizes and so always makes fragments.
				(after.Flags^before.Flags)&^squashfs.AlwaysFragment != 0 {
				t.Errorf("made as %+v, want %+v", after, before)
			}
			unpacksElsewhere(t, out, got)
			again := out + "2"
			if err := repack.Squashfs(t.Context(), again, m, "site", files); err != nil {
				t.Fatal(err)
			}
			x, _ := os.ReadFile(out)
			if y, _ := os.ReadFile(again); !bytes.Equal(x, y) {
				t.Error("a second time gives other bytes")
			}
		})
	}
}

// unpacksElsewhere has squashfs-tools read the image, and compares the content of each file with ours.
func unpacksElsewhere(t *testing.T, name string, want map[string]string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "root")
	// Devices and extended attributes need root, which the content does not.
	if text, err := exec.Command("unsquashfs", "-no-progress", "-no-xattrs", "-ignore-errors", "-dest", dir, name).CombinedOutput(); err != nil {
		t.Errorf("unsquashfs: %v %s", err, text)
	}
	found := 0
	for path, text := range want {
		info, err := os.Lstat(filepath.Join(dir, path))
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		b, err := os.ReadFile(filepath.Join(dir, path))
		if err != nil && os.Getuid() != 0 && os.IsPermission(err) {
			continue
		}
		if err != nil || !strings.HasSuffix(text, " "+string(b)) {
			t.Errorf("%s as unsquashfs reads it: %.50q, %v; want the end of %.150q", path, b, err, text)
		}
		found++
	}
	if found < 5 {
		t.Errorf("unsquashfs unpacked %d files", found)
	}
}

func TestSquashfsWithNothingToAdd(t *testing.T) {
	m := live(t)
	out := filepath.Join(t.TempDir(), "out")
	if err := repack.Squashfs(t.Context(), out, m, "none", fstest.MapFS{}); err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(m.Name)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(out); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d bytes, %v; want a copy of %d", len(got), err, len(want))
	}
}

func TestSquashfsWithoutTheTool(t *testing.T) {
	m := live(t)
	t.Setenv("PATH", t.TempDir())
	out := filepath.Join(t.TempDir(), "out")
	err := repack.Squashfs(t.Context(), out, m, "site", fstest.MapFS{"x": {}})
	if err == nil || !strings.Contains(err.Error(), "Debian package squashfs-tools") {
		t.Error(err)
	}
	if _, err := os.Stat(out); !os.IsNotExist(err) {
		t.Error("something was written")
	}
}
