package cpio_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/build/cpio"
	"github.com/imgbuild/imgbuild/build/tree"
	"github.com/imgbuild/imgbuild/internal/needed"
)

var epoch = time.Unix(1700000000, 0)

// sample has one file of every kind.
var sample = []tree.File{
	{Path: "init", Mode: 0o755, Body: []byte("#!/bin/true\n"), Size: 12},
	{Path: "dev", Mode: fs.ModeDir | 0o755},
	{Path: "dev/console", Mode: fs.ModeDevice | fs.ModeCharDevice | 0o600, Major: 5, Minor: 1},
	{Path: "dev/sda", Mode: fs.ModeDevice | 0o660, Major: 8, Minor: 0, GID: 6},
	{Path: "dev/pipe", Mode: fs.ModeNamedPipe | 0o600},
	{Path: "tmp", Mode: fs.ModeDir | fs.ModeSticky | 0o777},
	{Path: "bin", Mode: fs.ModeDir | 0o755},
	{Path: "bin/su", Mode: fs.ModeSetuid | 0o755, From: tree.Source{Store: "package", Path: "su"}, Size: 5},
	{Path: "bin/sh", Mode: fs.ModeSymlink | 0o777, Link: "busybox"},
	{Path: "empty", Mode: 0o644, UID: 1000, GID: 1000},
}

func openSample(f tree.File) (io.ReadCloser, error) {
	if f.From.Path == "su" {
		return io.NopCloser(strings.NewReader("12345")), nil
	}
	return nil, fs.ErrNotExist
}

func write(t testing.TB, files []tree.File) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := cpio.Write(&b, files, epoch, openSample); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// gnu has cpio(1), which shares no code with the library that writes, read an archive in a directory.
func gnu(t *testing.T, dir string, archive []byte, args ...string) string {
	t.Helper()
	cmd := exec.Command(needed.Program(t, "cpio"), append([]string{"--quiet", "-i"}, args...)...)
	cmd.Env = []string{"TZ=UTC", "LC_ALL=C"}
	cmd.Dir, cmd.Stdin = dir, bytes.NewReader(archive)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil || stderr.Len() > 0 {
		t.Fatalf("%v: %s", err, &stderr)
	}
	return string(out)
}

// Its listing shows modes, owners, device numbers, times, link targets and order.
func TestCpioListsIt(t *testing.T) {
	want := []string{
		"drwxr-xr-x 2 0 0 0 Nov 14 2023 .",
		"drwxr-xr-x 2 0 0 0 Nov 14 2023 bin",
		"lrwxrwxrwx 1 0 0 7 Nov 14 2023 bin/sh -> busybox",
		"-rwsr-xr-x 1 0 0 5 Nov 14 2023 bin/su",
		"drwxr-xr-x 2 0 0 0 Nov 14 2023 dev",
		"crw------- 1 0 0 5, 1 Nov 14 2023 dev/console",
		"prw------- 1 0 0 0 Nov 14 2023 dev/pipe",
		"brw-rw---- 1 0 6 8, 0 Nov 14 2023 dev/sda",
		"-rw-r--r-- 1 1000 1000 0 Nov 14 2023 empty",
		"-rwxr-xr-x 1 0 0 12 Nov 14 2023 init",
		"drwxrwxrwt 2 0 0 0 Nov 14 2023 tmp",
	}
	var got []string
	for line := range strings.Lines(gnu(t, "", write(t, sample), "-tv", "--numeric-uid-gid")) {
		got = append(got, strings.Join(strings.Fields(line), " "))
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestCpioReadsContents(t *testing.T) {
	for path, want := range map[string]string{"bin/su": "12345", "init": "#!/bin/true\n", "empty": ""} {
		if got := gnu(t, "", write(t, sample), "--to-stdout", path); got != want {
			t.Errorf("%s holds %q, want %q", path, got, want)
		}
	}
}

func TestOrderOfFilesDoesNotMatter(t *testing.T) {
	backwards := make([]tree.File, len(sample))
	for i, f := range sample {
		backwards[len(sample)-1-i] = f
	}
	if !bytes.Equal(write(t, sample), write(t, backwards)) {
		t.Error("the archive depends on the order of the files")
	}
}

func TestWriteErrors(t *testing.T) {
	from := tree.Source{Store: "file", Path: "x"}
	boom := errors.New("boom")
	for name, test := range map[string]struct {
		files []tree.File
		body  io.Reader
		want  string
	}{
		"shorter": {[]tree.File{{Path: "x", From: from, Size: 4}}, strings.NewReader("123"),
			"writing x to an archive: the content has 3 bytes, planned were 4; did it change during the build?"},
		"longer": {[]tree.File{{Path: "x", From: from, Size: 2}}, strings.NewReader("123"),
			"writing x to an archive: the content is longer than the planned 2 bytes; did it change during the build?"},
		"read error": {[]tree.File{{Path: "x", From: from, Size: 2}}, io.MultiReader(strings.NewReader("1"), badReader{boom}),
			"writing x to an archive: boom"},
		"read error at the end": {[]tree.File{{Path: "x", From: from, Size: 1}}, io.MultiReader(strings.NewReader("1"), badReader{boom}),
			"writing x to an archive: boom"},
		"open": {[]tree.File{{Path: "x", From: from, Size: 2}}, nil,
			"writing x to an archive: boom"},
		"too big": {[]tree.File{{Path: "x", From: from, Size: 1 << 32}}, nil,
			"writing x to an archive: 4294967296 bytes are too many, newc holds files below 4 GiB"},
		"twice": {[]tree.File{{Path: "x"}, {Path: "x"}}, nil,
			"writing an archive: x occurs twice"},
		"socket": {[]tree.File{{Path: "x", Mode: fs.ModeIrregular}}, nil,
			"writing x to an archive: newc cannot hold a file of type ?---------"},
	} {
		err := cpio.Write(io.Discard, test.files, epoch, func(tree.File) (io.ReadCloser, error) {
			if test.body == nil {
				return nil, boom
			}
			return io.NopCloser(test.body), nil
		})
		if err == nil || err.Error() != test.want {
			t.Errorf("%s: got  %v\nwant %s", name, err, test.want)
		}
	}
	long := strings.Repeat("a/", 2048)
	for name, f := range map[string]tree.File{
		"path":   {Path: long},
		"target": {Path: "x", Mode: fs.ModeSymlink, Link: long},
	} {
		if err := cpio.Write(io.Discard, []tree.File{f}, epoch, nil); err == nil {
			t.Errorf("a %s of %d bytes was accepted", name, len(long))
		}
	}
	if err := cpio.Write(io.Discard, nil, time.Unix(-1, 0), nil); err == nil {
		t.Error("a time before 1970 was accepted")
	}
}

type badReader struct{ err error }

func (b badReader) Read([]byte) (int, error) { return 0, b.err }

// linked are two files with several names each, and two that only look like one.
func linked() []tree.File {
	name := func(path, same, body string) tree.File {
		return tree.File{Path: path, Mode: 0o755, Same: same, Body: []byte(body), Size: int64(len(body))}
	}
	return []tree.File{name("sh", "busybox", "all commands"), name("busybox", "busybox", "all commands"), name("ls", "busybox", "all commands"),
		name("none1", "empty", ""), name("none2", "empty", ""), name("one", "", "same"), name("other", "alone", "same")}
}

// Names of one file have one number, and their content with the last: read by our own reader and by cpio(1).
func TestHardLinks(t *testing.T) {
	archive := write(t, linked())
	type entry struct {
		inode, links uint32
		content      string
	}
	want := map[string]entry{
		".": {1, 2, ""}, "busybox": {2, 3, ""}, "ls": {2, 3, ""}, "sh": {2, 3, "all commands"},
		"none1": {4, 2, ""}, "none2": {4, 2, ""}, "one": {6, 1, "same"}, "other": {7, 1, "same"},
	}
	t.Run("our reader", func(t *testing.T) {
		got := map[string]entry{}
		r := cpio.NewReader(bytes.NewReader(archive), 1<<20)
		defer r.Close()
		for {
			e, err := r.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(r)
			if err != nil {
				t.Fatal(err)
			}
			got[e.Path] = entry{e.Inode, e.Links, string(body)}
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got  %v\nwant %v", got, want)
		}
	})
	t.Run("cpio(1)", func(t *testing.T) {
		dir := t.TempDir()
		gnu(t, dir, archive, "--no-preserve-owner")
		for _, names := range [][]string{{"busybox", "ls", "sh"}, {"none1", "none2"}, {"one"}, {"other"}} {
			first, err := os.Stat(filepath.Join(dir, names[0]))
			if err != nil {
				t.Fatal(err)
			}
			if n := first.Sys().(*syscall.Stat_t).Nlink; int(n) != len(names) {
				t.Errorf("%v: %d names", names, n)
			}
			for _, name := range names {
				info, err := os.Stat(filepath.Join(dir, name))
				if err != nil || !os.SameFile(first, info) {
					t.Errorf("%s is not %s: %v", name, names[0], err)
				}
				text, _ := os.ReadFile(filepath.Join(dir, name))
				if string(text) != want[names[len(names)-1]].content {
					t.Errorf("%s holds %q", name, text)
				}
			}
		}
	})
}
