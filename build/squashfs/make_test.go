package squashfs_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/build/squashfs"
	"github.com/imgbuild/imgbuild/build/tree"
	"github.com/imgbuild/imgbuild/internal/needed"
)

// What goes in comes out, by our reader and by unsquashfs, twice the same by every compressor.
func TestMake(t *testing.T) {
	needed.Program(t, "mksquashfs")
	long := strings.Repeat("some text ", 100_000)
	file := func(path string, mode fs.FileMode, body string) tree.File {
		return tree.File{Path: path, Mode: mode, Size: int64(len(body)), From: tree.Source{Store: "test", Path: body}}
	}
	files := []tree.File{
		{Path: "etc", Mode: fs.ModeDir | 0o755}, file("etc/passwd", 0o644, "elsewhere"),
		{Path: "usr", Mode: fs.ModeDir | 0o755},
		{Path: "usr/bin", Mode: fs.ModeDir | 0o755},
		file("usr/bin/a", 0o755, long), {Path: "usr/bin/b", Mode: fs.ModeSymlink | 0o777, Link: "a"},
		{Path: "usr/bin/c", Mode: 0o755, Size: 4, Same: "one", From: tree.Source{Store: "test", Path: "same"}},
		{Path: "usr/bin/d", Mode: 0o755, Size: 4, Same: "one", From: tree.Source{Store: "test", Path: "same"}},
		file("usr/bin/su", 0o755|fs.ModeSetuid, ""), {Path: "usr/made", Mode: 0o600, Size: 4, Body: []byte("made")},
		{Path: "usr/null", Mode: fs.ModeDevice | fs.ModeCharDevice | 0o666, Major: 1, Minor: 3},
	}
	want := map[string]string{
		".": "drwxr-xr-x 0:0", "bin": "drwxr-xr-x 0:0", "bin/a": "-rwxr-xr-x 0:0 " + long, "bin/b": "Lrwxrwxrwx 0:0 a",
		"bin/c": "-rwxr-xr-x 0:0 same", "bin/d": "-rwxr-xr-x 0:0 same", "bin/su": "urwxr-xr-x 0:0 ",
		"made": "-rw------- 0:0 made", "null": "Dcrw-rw-rw- 0:0 1:3",
	}
	open := func(f tree.File) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(f.From.Path)), nil }
	for _, compression := range []string{"zstd", "xz", "gzip", "none"} {
		t.Run(compression, func(t *testing.T) {
			var made [2][]byte
			for i := range made {
				out := filepath.Join(t.TempDir(), "squashfs")
				c := squashfs.Config{Root: "/", Compression: compression, Epoch: time.Unix(1_700_000_000, 0), Below: "usr"}
				if err := squashfs.Make(t.Context(), out, files, c, open); err != nil {
					t.Fatal(err)
				}
				if said, err := exec.Command("unsquashfs", "-quiet", "-no-progress", "-d", filepath.Join(t.TempDir(), "x"), out).CombinedOutput(); err != nil && os.Geteuid() == 0 {
					t.Errorf("unsquashfs: %v: %s", err, said)
				}
				var err error
				if made[i], err = os.ReadFile(out); err != nil {
					t.Fatal(err)
				}
			}
			if !bytes.Equal(made[0], made[1]) {
				t.Error("two file systems of the same files differ")
			}
			r, err := squashfs.Open(bytes.NewReader(made[0]), int64(len(made[0])))
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]string{}
			inodes := map[string]uint32{}
			err = r.Walk(func(e squashfs.Entry) error {
				if e.ModTime.Unix() != 1_700_000_000 {
					t.Errorf("%s has the time %v", e.Path, e.ModTime)
				}
				inodes[e.Path] = e.Inode
				got[e.Path] = fmt.Sprintf("%v %d:%d", e.Mode, e.UID, e.GID)
				switch e.Mode.Type() {
				case 0:
					b, err := io.ReadAll(r.Content(e))
					got[e.Path] += " " + string(b)
					return err
				case fs.ModeSymlink:
					got[e.Path] += " " + e.Link
				case fs.ModeDevice | fs.ModeCharDevice:
					got[e.Path] += fmt.Sprintf(" %d:%d", e.Major, e.Minor)
				}
				return nil
			})
			if err != nil || !maps.Equal(got, want) {
				t.Errorf("the file system holds %.2000v, %v", got, err)
			}
			if inodes["bin/c"] != inodes["bin/d"] {
				t.Error("two names of one file are two files")
			}
		})
	}
}

// Content that cannot be had, and an end from outside, are errors that say so.
func TestMakeFails(t *testing.T) {
	needed.Program(t, "mksquashfs")
	foreign := []tree.File{{Path: "usr/mail", Mode: 0o644, GID: 8}}
	if err := squashfs.Make(t.Context(), filepath.Join(t.TempDir(), "x"), foreign, squashfs.Config{Root: "/", Compression: "gzip", Epoch: time.Unix(1, 0), Below: "usr"}, nil); err == nil || !strings.Contains(err.Error(), "usr/mail belongs to 0:8") {
		t.Errorf("got %v, want that its owner has no place", err)
	}
	files := []tree.File{{Path: "usr/a", Mode: 0o644, Size: 1, From: tree.Source{Store: "test"}}}
	c := squashfs.Config{Root: "/", Compression: "gzip", Epoch: time.Unix(1, 0), Below: "usr"}
	gone := errors.New("gone")
	err := squashfs.Make(t.Context(), filepath.Join(t.TempDir(), "x"), files, c, func(tree.File) (io.ReadCloser, error) { return nil, gone })
	if !errors.Is(err, gone) || !strings.Contains(err.Error(), "usr/a") {
		t.Errorf("got %v, want what is gone", err)
	}
	ended, end := context.WithCancel(t.Context())
	err = squashfs.Make(ended, filepath.Join(t.TempDir(), "x"), files, c, func(tree.File) (io.ReadCloser, error) {
		end()
		return nil, ended.Err()
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that it was cancelled", err)
	}
}
