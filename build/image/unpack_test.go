package image_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/build/cpio"
	"github.com/imgbuild/imgbuild/build/image"
)

// unpack unpacks below a directory of its own and renders what is there.
func unpack(t *testing.T, m *image.Image, owners bool) (string, string, error) {
	t.Helper()
	outside := t.TempDir()
	dir := filepath.Join(outside, "dir")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	unpackErr := m.Unpack(t.Context(), root, owners)
	var b strings.Builder
	err = filepath.WalkDir(outside, func(p string, d fs.DirEntry, err error) error {
		if err != nil || p == outside || p == dir {
			return err
		}
		name, _ := filepath.Rel(dir, p)
		info, err := d.Info()
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "%s %s", info.Mode(), name)
		if target, err := os.Readlink(p); err == nil {
			fmt.Fprintf(&b, " -> %s", target)
		} else if info.Mode().IsRegular() && info.Size() < 100 && d.Name() != image.Listing {
			text, _ := os.ReadFile(p)
			fmt.Fprintf(&b, " %s", text)
		}
		b.WriteString("\n")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String(), dir, unpackErr
}

func TestUnpack(t *testing.T) {
	m := open(t, append(initramfs(t, cpio.None, "lib=-> /usr/lib", "usr=dir", "usr/lib=dir", "a=old", "null=null"),
		initramfs(t, cpio.Gzip, "lib/x=x", "a=new", "missing/parent/y=y")...))
	got, dir, err := unpack(t, m, false)
	want := "-rw-r--r-- .imgbuild.mtree\n-rw-r--r-- a new\nLrwxrwxrwx lib -> /usr/lib\ndrwxr-xr-x missing\ndrwxr-xr-x missing/parent\n-rw-r--r-- missing/parent/y y\ndrwxr-xr-x usr\ndrwxr-xr-x usr/lib\n-rw-r--r-- usr/lib/x x\n"
	if err != nil || got != want {
		t.Errorf("got\n%s%v\nwant\n%s", got, err, want)
	}
	if info, err := os.Stat(filepath.Join(dir, "a")); err != nil || !info.ModTime().Equal(epoch) {
		t.Errorf("%v, %v", info, err)
	}
	listing, err := os.ReadFile(filepath.Join(dir, image.Listing))
	if err != nil || !strings.Contains(string(listing), "\n./null type=char uid=0 gid=5 mode=0666 time=1700000000.0 device=native,1,3\n") ||
		!strings.Contains(string(listing), "\n./lib type=link uid=0 gid=0 mode=0777 time=1700000000.0 link=/usr/lib\n") {
		t.Errorf("%s%v", listing, err)
	}
}

func TestUnpackAsRoot(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("making devices needs root")
	}
	got, _, err := unpack(t, open(t, initramfs(t, cpio.None, "null=null")), true)
	if err != nil || got != "Dcrw-rw-rw- null\n" {
		t.Errorf("%s%v", got, err)
	}
}

func TestUnpackDisk(t *testing.T) {
	got, dir, err := unpack(t, open(t, content(t, hard(t))), false)
	for _, want := range []string{"-rw-r--r-- esp/EFI/BOOT/BOOTX64.EFI/.initrd/init program\n", "-rw-r--r-- esp/site.toml # site\n", "-r--r--r-- esp/EFI/BOOT/BOOTX64.EFI/.cmdline console=ttyS0 quiet\n"} {
		if err != nil || !strings.Contains(got, want) {
			t.Errorf("got\n%s%v\nwant %s", got, err, want)
		}
	}
	state, err := os.ReadFile(filepath.Join(dir, "state"))
	if err != nil || len(state) != 1<<20 || !bytes.HasPrefix(state, []byte("a file system\x00")) {
		t.Errorf("state has %d bytes, %v", len(state), err)
	}
}

func TestUnpackHardLinks(t *testing.T) {
	got, dir, err := unpack(t, open(t, hardlinked(t)), false)
	if err != nil || !strings.Contains(got, "busybox all commands\n") || !strings.Contains(got, "sh all commands\n") {
		t.Errorf("%s%v", got, err)
	}
	x, _ := os.Stat(filepath.Join(dir, "busybox"))
	y, _ := os.Stat(filepath.Join(dir, "ls"))
	if !os.SameFile(x, y) {
		t.Error("two names are two files")
	}
}

var climbs = regexp.MustCompile(`(?m)^\S+ \.\./`)

// Whatever an archive says, nothing outside of the directory is touched.
func TestUnpackStaysInside(t *testing.T) {
	target := filepath.Join(t.TempDir(), "target")
	for name, files := range map[string][2][]string{
		"dots":              {nil, {"../../evil=x"}},
		"absolute":          {nil, {"/etc/evil=x"}},
		"link up":           {{"up=-> ../.."}, {"up/evil=x"}},
		"absolute link":     {{"out=-> " + filepath.Dir(target)}, {"out/target=x"}},
		"link, then file":   {{"evil=-> " + target}, {"evil=x"}},
		"link through link": {{"a=-> ..", "b=-> a/.."}, {"b/evil=x"}},
	} {
		got, _, err := unpack(t, open(t, append(initramfs(t, cpio.None, files[0]...), initramfs(t, cpio.None, files[1]...)...)), false)
		if err != nil || climbs.MatchString(got) {
			t.Errorf("%s:\n%s%v", name, got, err)
		}
		if _, err := os.Lstat(target); err == nil {
			t.Errorf("%s: %s was written", name, target)
		}
	}
}

func TestFailedUnpackLeavesNothing(t *testing.T) {
	whole := initramfs(t, cpio.None, "a=dir", "a/b=text", "c="+strings.Repeat("x", 5000))
	got, _, err := unpack(t, open(t, whole[:2000]), false)
	if err == nil || got != "" {
		t.Errorf("%q, %v", got, err)
	}
}
