package squashfs_test

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/build/squashfs"
	"github.com/imgbuild/imgbuild/internal/needed"
)

const asAnyoneEnv = "IMGBUILD_TEST_AS_ANYONE"

// madeFrom makes a file system with owners and attributes, and says what bytes it has.
func madeFrom(t *testing.T, out string) (sum string) {
	t.Helper()
	c := squashfs.Config{Root: "/", Compression: "gzip", Epoch: time.Unix(1_700_000_000, 0)}
	err := squashfs.MakeFrom(t.Context(), out, c, func(w *tar.Writer) error {
		for _, h := range []tar.Header{
			{Typeflag: tar.TypeDir, Name: "root", Mode: 0o1750, Uid: 524288, Gid: 589823, PAXRecords: map[string]string{"SCHILY.xattr.trusted.overlay.opaque": "y"}},
			{Typeflag: tar.TypeReg, Name: "root/a", Mode: 0o4755, Uid: 524289, Size: 1}, {Typeflag: tar.TypeLink, Name: "root/b", Linkname: "root/a"},
			{Typeflag: tar.TypeChar, Name: "root/gone"},
		} {
			h.Format, h.ModTime = tar.FormatPAX, c.Epoch
			if err := w.WriteHeader(&h); err != nil {
				return err
			}
			if h.Size > 0 {
				if _, err := w.Write([]byte("x")); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", sha256.Sum256(b))
}

// Owners, attributes and devices are as the archive has them; the root is root's, whoever makes the file system.
func TestMakeFrom(t *testing.T) {
	if os.Getenv(asAnyoneEnv) != "" {
		dir, err := os.MkdirTemp("", "")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		fmt.Println("made", madeFrom(t, filepath.Join(dir, "x")))
		return
	}
	needed.Program(t, "mksquashfs")
	out := filepath.Join(t.TempDir(), "squashfs")
	sum := madeFrom(t, out)
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	r, err := squashfs.Open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	err = r.Walk(func(e squashfs.Entry) error {
		x, err := r.Xattrs(e)
		got = append(got, fmt.Sprintf("%s %v %d:%d %v %d", e.Path, e.Mode, e.UID, e.GID, x, e.Links))
		return err
	})
	want := []string{". drwxr-xr-x 0:0 map[] 3", "root dtrwxr-x--- 524288:589823 map[trusted.overlay.opaque:y] 2", "root/a urwxr-xr-x 524289:0 map[] 2", "root/b urwxr-xr-x 524289:0 map[] 2", "root/gone Dc--------- 0:0 map[] 1"}
	if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%v\n%q, want\n%q", err, got, want)
	}
	t.Run("as nobody", func(t *testing.T) {
		if os.Geteuid() != 0 {
			t.Skip("becoming somebody else needs root")
		}
		cmd := exec.Command("/proc/self/exe", "-test.run=^TestMakeFrom$", "-test.v")
		cmd.Dir, cmd.Env = "/", []string{asAnyoneEnv + "=1", "PATH=" + os.Getenv("PATH")}
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65533}}
		said, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(said), "made "+sum) {
			t.Errorf("%v: %s; want %s", err, said, sum)
		}
	})
}
