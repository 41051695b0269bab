package repack_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/imgbuild/imgbuild/build/cpio"
	"github.com/imgbuild/imgbuild/build/repack"
)

// member is an entry of an archive, and what is in it.
type member struct {
	cpio.Entry
	text string
}

func file(path, text string, inode, links uint32, at int64) member {
	return member{cpio.Entry{Path: path, Mode: 0o644, UID: 7, GID: 8, Inode: inode, Links: links, ModTime: time.Unix(at, 0), Size: int64(len(text))}, text}
}

func dir(path string, mode fs.FileMode, at int64) member {
	return member{cpio.Entry{Path: path, Mode: fs.ModeDir | mode, Links: 2, ModTime: time.Unix(at, 0)}, ""}
}

func archive(t *testing.T, members ...member) []byte {
	t.Helper()
	var b bytes.Buffer
	a := cpio.NewArchive(&b)
	for _, m := range members {
		if err := a.Add(&m.Entry, strings.NewReader(m.text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// members renders what is in an initramfs, entry by entry. A number of a file is replaced by its first name.
func members(t *testing.T, b []byte) (lines []string) {
	t.Helper()
	r := cpio.NewReader(bytes.NewReader(b), 1<<20)
	defer r.Close()
	names := map[uint32]string{}
	for {
		e, err := r.Next()
		if errors.Is(err, io.EOF) {
			return lines
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if names[e.Inode] == "" {
			names[e.Inode] = e.Path
		}
		lines = append(lines, fmt.Sprintf("%d %s %s %d:%d %d x%d %d,%d %s %s%s", e.Archive, e.Path, e.Mode, e.UID, e.GID, e.ModTime.Unix(), e.Links, e.Major, e.Minor, names[e.Inode], text, e.Link))
	}
}

// All that an archive says of its files stays, and so does their order.
func TestOriginalIsKept(t *testing.T) {
	device := member{cpio.Entry{Path: "dev/console", Mode: fs.ModeDevice | fs.ModeCharDevice | 0o600, Major: 5, Minor: 1, Links: 1, ModTime: time.Unix(30, 0)}, ""}
	link := member{cpio.Entry{Path: "a", Mode: fs.ModeSymlink | 0o777, Link: "z/target", Links: 1, ModTime: time.Unix(20, 0)}, ""}
	first := archive(t, dir("z", 0o711, 10), file("z/one", "", 9, 3, 11), file("z/two", "", 9, 3, 11), link, dir("dev", 0o755, 40), device,
		file("z/three", "shared", 9, 3, 11), file("init", "run", 3, 1, 12))
	for name, c := range map[string]struct {
		more    []byte // a further archive
		overlay fstest.MapFS
		want    []string
	}{
		"an addition": {nil, fstest.MapFS{"new": {Data: []byte("n"), Mode: 0o600}}, []string{
			"0 z drwx--x--x 0:0 10 x2 0,0 z ",
			"0 z/one -rw-r--r-- 7:8 11 x3 0,0 z/one ",
			"0 z/two -rw-r--r-- 7:8 11 x3 0,0 z/one ",
			"0 a Lrwxrwxrwx 0:0 20 x1 0,0 a z/target",
			"0 dev drwxr-xr-x 0:0 40 x2 0,0 dev ",
			"0 dev/console Dcrw------- 0:0 30 x1 5,1 dev/console ",
			"0 z/three -rw-r--r-- 7:8 11 x3 0,0 z/one shared",
			"0 init -rw-r--r-- 7:8 12 x1 0,0 init run",
			"0 new -rw------- 0:0 40 x1 0,0 new n"}},
		// The other names of the file keep what is in it.
		"the name with the content replaced": {nil, fstest.MapFS{"z/three": {Data: []byte("other"), Mode: 0o755}}, []string{
			"0 z drwx--x--x 0:0 10 x2 0,0 z ",
			"0 z/one -rw-r--r-- 7:8 11 x2 0,0 z/one ",
			"0 a Lrwxrwxrwx 0:0 20 x1 0,0 a z/target",
			"0 dev drwxr-xr-x 0:0 40 x2 0,0 dev ",
			"0 dev/console Dcrw------- 0:0 30 x1 5,1 dev/console ",
			"0 z/two -rw-r--r-- 7:8 11 x2 0,0 z/one shared",
			"0 init -rw-r--r-- 7:8 12 x1 0,0 init run",
			"0 z/three -rwxr-xr-x 0:0 40 x1 0,0 z/three other"}},
		// What a later archive replaces is there once, and numbers that mean another file there do not join two.
		"several archives": {archive(t, dir("z", 0o700, 50), file("z/one", "over", 3, 1, 60), file("more", "m", 9, 1, 61)),
			fstest.MapFS{"new": {Data: []byte("n"), Mode: 0o600}}, []string{
				"0 z drwx------ 0:0 50 x2 0,0 z ",
				"0 z/two -rw-r--r-- 7:8 11 x3 0,0 z/two ",
				"0 a Lrwxrwxrwx 0:0 20 x1 0,0 a z/target",
				"0 dev drwxr-xr-x 0:0 40 x2 0,0 dev ",
				"0 dev/console Dcrw------- 0:0 30 x1 5,1 dev/console ",
				"0 z/three -rw-r--r-- 7:8 11 x3 0,0 z/two ",
				"0 init -rw-r--r-- 7:8 12 x1 0,0 init run",
				"0 z/one -rw-r--r-- 7:8 60 x3 0,0 z/two over",
				"0 more -rw-r--r-- 7:8 61 x1 0,0 more m",
				"0 new -rw------- 0:0 61 x1 0,0 new n"}},
	} {
		t.Run(name, func(t *testing.T) {
			before := slices.Concat(first, c.more)
			var out bytes.Buffer
			if _, err := repack.Initramfs(t.Context(), &out, open(t, before), "site", c.overlay); err != nil {
				t.Fatal(err)
			}
			if got := members(t, out.Bytes()); !slices.Equal(got, c.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
			// The kernel, and our reader, come to the same files.
			want, got := listing(t, before), listing(t, out.Bytes())
			for path, f := range c.overlay {
				want[path] = fmt.Sprintf("%s 0:0 %s", f.Mode, f.Data)
			}
			for path := range want {
				if got[path] != want[path] {
					t.Errorf("%s is %q, want %q", path, got[path], want[path])
				}
			}
		})
	}
}
