package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/build/cpio"
	"github.com/imgbuild/imgbuild/build/image"
	"github.com/imgbuild/imgbuild/build/tree"
)

// asEnv has the test's program be imgbuild, so that it can be run as another account.
const asEnv = "IMGBUILD_TEST_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asEnv) != "" {
		os.Exit(run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// Whoever unpacks a stranger's image gets files of his own, root too; --owners is for root, and makes what the image says.
func TestUnpackOwners(t *testing.T) {
	dir, err := os.MkdirTemp("", "imgbuild-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	program := filepath.Join(dir, "program")
	text, err := os.ReadFile("/proc/self/exe")
	if err == nil {
		err = errors.Join(os.Chmod(dir, 0o777), os.WriteFile(program, text, 0o755), os.WriteFile(filepath.Join(dir, "image"), special(t), 0o644))
	}
	if err != nil {
		t.Fatal(err)
	}
	const nobody = 65534
	const plain = "shared ---- %[1]d, su ---- %[1]d"
	for _, tc := range []struct {
		uid   uint32
		flags []string
		want  string // its files with their types, special bits and owners; what it says where it fails
	}{
		{0, nil, plain},
		{nobody, nil, plain},
		{0, []string{"--owners"}, "null c--- 7, shared --g- 0, su -u-- 8"},
		{nobody, []string{"--owners"}, "imgbuild: --owners: another's files, setuid files and devices can be made by root only; accepted: as root, or without it"},
	} {
		if me := os.Geteuid(); me != 0 && tc.uid == 0 {
			t.Log("root is not to be had here: what another account gets is tried alone")
			continue
		} else if me != 0 {
			tc.uid = uint32(me)
		}
		out := filepath.Join(dir, fmt.Sprint("out", tc.uid, len(tc.flags)))
		c := exec.Command(program, append([]string{"-q", "unpack", filepath.Join(dir, "image"), out}, tc.flags...)...)
		c.Env = append(os.Environ(), asEnv+"=1")
		if os.Geteuid() == 0 {
			c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: tc.uid, Gid: tc.uid}}
		}
		var said bytes.Buffer
		c.Stderr = &said
		got := ""
		if err := c.Run(); err != nil {
			got = strings.TrimSpace(said.String())
		} else {
			got = listed(t, out)
		}
		want := tc.want
		if want == plain {
			want = fmt.Sprintf(plain, tc.uid)
			listing, err := os.ReadFile(filepath.Join(out, image.Listing))
			if err != nil || !strings.Contains(string(listing), "\n./su type=file uid=8 gid=0 mode=04755 ") ||
				!strings.Contains(string(listing), "\n./null type=char uid=7 gid=0 mode=0666 ") {
				t.Errorf("%d: %v\n%s", tc.uid, err, listing)
			}
		}
		if got != want {
			t.Errorf("%d %v: got %s, want %s", tc.uid, tc.flags, got, want)
		}
	}
}

// special is an image with files that only root can make.
func special(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	err := cpio.Write(&b, []tree.File{
		{Path: "null", Mode: fs.ModeDevice | fs.ModeCharDevice | 0o666, UID: 7, Major: 1, Minor: 3},
		{Path: "shared", Mode: fs.ModeSetgid | 0o755, Body: []byte("x"), Size: 1},
		{Path: "su", Mode: fs.ModeSetuid | 0o755, UID: 8, Body: []byte("x"), Size: 1},
	}, time.Unix(1700000000, 0), nil)
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// listed are the files of a directory, but for the listing.
func listed(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		if e.Name() == image.Listing {
			continue
		}
		all = append(all, fmt.Sprint(e.Name(), " ", bits(info.Mode()), " ", info.Sys().(*syscall.Stat_t).Uid))
	}
	return strings.Join(all, ", ")
}

// bits are c, u, g and t for a character device, setuid, setgid and sticky.
func bits(m fs.FileMode) (out string) {
	for _, b := range []struct {
		bit  fs.FileMode
		sign string
	}{{fs.ModeCharDevice, "c"}, {fs.ModeSetuid, "u"}, {fs.ModeSetgid, "g"}, {fs.ModeSticky, "t"}} {
		if m&b.bit != 0 {
			out += b.sign
		} else {
			out += "-"
		}
	}
	return out
}
