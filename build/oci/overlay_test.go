package oci

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"
	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/needed"
)

// capable are capabilities as setcap cap_net_raw=ep writes them.
const capable = "\x01\x00\x00\x02\x00\x20\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"

// twoLayers take away and put back what can be.
func twoLayers(t testing.TB) [][]byte {
	owned := text("etc/passwd", "web:x:33:33::/:/bin/sh\n")
	owned.Uid, owned.Gid = 33, 65535
	ping := text("bin/ping", "ping")
	ping.PAXRecords = map[string]string{"SCHILY.xattr.security.capability": capable, "SCHILY.xattr.security.selinux": "label"}
	su := text("bin/su", "su")
	su.Mode = 0o4755
	tmp := dirs("tmp/")
	tmp.Mode, tmp.Gid = 0o1777, 7
	root := dirs("./")
	root.Mode = 0o711
	return [][]byte{
		archived(t, root, dirs("etc"), owned, dirs("bin"), ping, su, link(tar.TypeLink, "bin/sudo", "bin/su"), link(tar.TypeSymlink, "sh", "bin/su"), tmp,
			text("gone", "1"), dirs("opaque"), text("opaque/old", "1"), dirs("anew"), text("anew/old", "1"), dirs("kept"), text("kept/old", "1"),
			text("twice", "first"), text("twice", "second"), tar.Header{Typeflag: tar.TypeFifo, Name: "pipe", Mode: 0o600}, dirs("file"), text("file/x", "1"),
			text("implied/deep/x", "1"), dirs("back"), text("back/old", "1")),
		archived(t, dirs("./"), text(".wh.gone", ""), text("opaque/.wh..wh..opq", ""), text("opaque/new", "2"), text(".wh.anew", ""), dirs("anew"), text("anew/new", "2"),
			text("kept/new", "2"), text("tmp/x", "2"), text(".wh.file", ""), text("file", "now a file"), text("etc/.wh.nothing", ""), text(".wh.back", "")),
		archived(t, dirs("back"), text("back/new", "3")),
	}
}

// shows is what a program in the image is to find.
var shows = map[string]string{
	".": "drwxr-xr-x 0:0", "etc": "drwxr-xr-x 0:0", "etc/passwd": "-rw-r--r-- 33:65535 web:x:33:33::/:/bin/sh\n", "bin": "drwxr-xr-x 0:0", "bin/ping": "-rw-r--r-- 0:0 ping",
	"bin/su": "urwxr-xr-x 0:0 su", "bin/sudo": "urwxr-xr-x 0:0 su", "sh": "Lrwxrwxrwx 0:0 bin/su", "tmp": "dtrwxrwxrwx 0:7", "tmp/x": "-rw-r--r-- 0:0 2",
	"opaque": "drwxr-xr-x 0:0", "opaque/new": "-rw-r--r-- 0:0 2", "anew": "drwxr-xr-x 0:0", "anew/new": "-rw-r--r-- 0:0 2", "kept": "drwxr-xr-x 0:0", "kept/old": "-rw-r--r-- 0:0 1",
	"kept/new": "-rw-r--r-- 0:0 2", "twice": "-rw-r--r-- 0:0 second", "pipe": "prw------- 0:0", "file": "-rw-r--r-- 0:0 now a file", "implied": "drwxr-xr-x 0:0",
	"implied/deep": "drwxr-xr-x 0:0", "implied/deep/x": "-rw-r--r-- 0:0 1", "back": "drwxr-xr-x 0:0", "back/new": "-rw-r--r-- 0:0 3",
}

// The kernel's overlayfs shows of the layers what the image is, and so do we when we look for accounts.
func TestOverlay(t *testing.T) {
	k := packer(t)
	packed, err := k.Pack(t.Context(), []Want{want(t, "web", build(t, twoLayers(t), nothing).layout(t), true)})
	if err != nil {
		t.Fatal(err)
	}
	first := packed[0].Is.First
	t.Run("ours", func(t *testing.T) {
		if got := ourView(t, k, packed[0], first); !maps.Equal(got, shows) {
			t.Errorf("shows %v", differ(got, shows))
		}
	})
	t.Run("the kernel's", func(t *testing.T) {
		if os.Geteuid() != 0 {
			t.Skip("mounting needs root")
		}
		at := mounted(t, packed[0].Files)
		if got := kernelView(t, at, first); !maps.Equal(got, shows) {
			t.Errorf("shows %v", differ(got, shows))
		}
		buf := make([]byte, 64)
		n, err := unix.Getxattr(filepath.Join(at, "bin/ping"), capability, buf)
		if err != nil || n != capNewerSize || string(buf[20:24]) != "\x00\x00\x08\x00" {
			t.Errorf("capabilities are %x, %v; want those of the range's root", buf[:max(n, 0)], err)
		}
		if n, err := unix.Getxattr(filepath.Join(at, "bin/ping"), "security.selinux", buf); !errors.Is(err, unix.ENODATA) && !errors.Is(err, unix.EOPNOTSUPP) {
			t.Errorf("a label of %d bytes, %v", n, err)
		}
	})
}

// A layer that is there twice is mounted once, where it is last, and shows the same.
func TestLayerTwice(t *testing.T) {
	empty := archived(t)
	later := text("d/a", "again")
	later.ModTime = time.Unix(1_800_000_000, 0)
	first, again := archived(t, dirs("d"), text("d/a", "again"), text(".wh.gone", "")), archived(t, dirs("d"), later, text(".wh.gone", ""))
	dir := build(t, [][]byte{archived(t, text("gone", "1")), empty, first, empty, again, archived(t, text(".wh.d", ""), text("d2", "2"), text("gone", "2")), again}, nothing).layout(t)
	packed, err := packer(t).Pack(t.Context(), []Want{want(t, "x", dir, true)})
	if err != nil {
		t.Fatal(err)
	}
	if len(packed[0].layers) != 5 || len(packed[0].Files) != 4 || packed[0].Files[3].ID != string(digest.FromBytes(again)) || len(packed[0].Is.Layers) != 4 {
		t.Fatalf("%d layers: %v", len(packed[0].Files), packed[0].Files)
	}
	if os.Geteuid() != 0 {
		t.Skip("mounting needs root")
	}
	want := map[string]string{".": "drwxr-xr-x 0:0", "d": "drwxr-xr-x 0:0", "d/a": "-rw-r--r-- 0:0 again", "d2": "-rw-r--r-- 0:0 2"}
	if got := kernelView(t, mounted(t, packed[0].Files), packed[0].Is.First); !maps.Equal(got, want) {
		t.Errorf("shows %v", differ(got, want))
	}
}

func differ(got, want map[string]string) (lines []string) {
	for name := range got {
		if got[name] != want[name] {
			lines = append(lines, fmt.Sprintf("%s: %q, want %q", name, got[name], want[name]))
		}
	}
	for name := range want {
		if _, ok := got[name]; !ok {
			lines = append(lines, "no "+name)
		}
	}
	return lines
}

// ourView walks a stack.
func ourView(t *testing.T, k Packer, p Packed, first uint32) map[string]string {
	t.Helper()
	s := &stack{}
	defer s.close()
	for i, l := range p.layers {
		if _, _, err := k.pack(t.Context(), l, p.layers[:i], s, first, true); err != nil {
			t.Fatal(err)
		}
	}
	got := map[string]string{}
	for name := range shows {
		n, err := s.lookup(name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got[name] = strings.TrimSpace(fmt.Sprintf("%v %d:%d %s", n.mode, n.uid-first, n.gid-first, n.link))
		if n.mode.IsRegular() {
			r, err := n.in.content(n.item)
			if err != nil {
				t.Fatal(err)
			}
			b, err := io.ReadAll(r)
			if err != nil {
				t.Fatal(err)
			}
			got[name] += " " + string(b)
		}
	}
	for _, name := range []string{"gone", "opaque/old", "anew/old", "file/x", "etc/nothing", "back/old", "nowhere"} {
		if _, err := s.lookup(name); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is there: %v", name, err)
		}
	}
	return got
}

// mounted mounts layers as overlayfs.
func mounted(t *testing.T, layers []Layer) string {
	t.Helper()
	dir := t.TempDir()
	mount := needed.Program(t, "mount")
	var lower []string
	for i, l := range layers {
		at := filepath.Join(dir, fmt.Sprint(i))
		mounts(t, mount, at, "-t", "squashfs", "-o", "ro,loop", l.Host, at)
		lower = append([]string{filepath.Join(at, treeRoot)}, lower...)
	}
	at := filepath.Join(dir, "all")
	mounts(t, mount, at, "-t", "overlay", "-o", "ro,lowerdir="+strings.Join(lower, ":"), "overlay", at)
	return at
}

func mounts(t *testing.T, mount, at string, args ...string) {
	t.Helper()
	if err := os.Mkdir(at, 0o755); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(mount, args...).CombinedOutput(); err != nil && args[1] == "squashfs" {
		t.Skipf("no squashfs can be mounted here: %v: %s", err, out)
	} else if err != nil {
		t.Fatalf("mounting %s: %v: %s", at, err, out)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(at, 0); err != nil {
			t.Errorf("unmounting %s: %v", at, err)
		}
	})
}

// kernelView walks a mounted tree.
func kernelView(t *testing.T, at string, first uint32) map[string]string {
	t.Helper()
	got := map[string]string{}
	err := filepath.WalkDir(at, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		of := info.Sys().(*syscall.Stat_t)
		text := fmt.Sprintf("%v %d:%d", info.Mode(), of.Uid-first, of.Gid-first)
		switch info.Mode().Type() {
		case 0:
			b, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			text += " " + string(b)
		case fs.ModeSymlink:
			to, err := os.Readlink(name)
			if err != nil {
				return err
			}
			text += " " + to
		}
		rel, err := filepath.Rel(at, name)
		got[rel] = text
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}
