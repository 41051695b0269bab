package deb

import (
	"archive/tar"
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestExtract(t *testing.T) {
	hard := tarFile{tar.Header{Name: "./usr/bin/b", Typeflag: tar.TypeLink, Linkname: "./bin/a", Mode: 0o755}, ""}
	owned := file("./var/lib/owned", 0o4640, "x")
	owned.Uid, owned.Gid = 7, 8
	dir := t.TempDir()
	files, err := extract(t.Context(), bytes.NewReader(tarball(t,
		folder("./"), folder("./bin/"), file("./bin/a", 0o755, "#!/bin/sh\n"), hard,
		folder("./usr/"), folder("./usr/bin/"), owned,
		link("./lib64", "usr/lib64"), link("./usr/lib/in", "../bin/a"), link("./usr/lib/abs", "/etc/passwd"), link("./usr/lib/out", "../../../etc/passwd"),
	)), dir)
	if err != nil {
		t.Fatal(err)
	}
	byPath := map[string]Entry{}
	var paths []string
	for _, e := range files {
		byPath[e.Path] = e
		paths = append(paths, e.Path)
	}
	if want := []string{"usr", "usr/bin", "usr/bin/a", "usr/bin/b", "usr/lib/abs", "usr/lib/in", "usr/lib/out", "var/lib/owned"}; !slices.Equal(paths, want) {
		t.Errorf("files %v, want %v", paths, want)
	}
	a, b := byPath["usr/bin/a"], byPath["usr/bin/b"]
	if a.Script != "/bin/sh" || a.Size != 10 || len(a.SHA256) != 64 || a.Mode != 0o755 {
		t.Errorf("a: %+v", a)
	}
	if b.Hardlink != a.Path || b.SHA256 != a.SHA256 || b.Size != a.Size {
		t.Errorf("b: %+v", b)
	}
	if o := byPath["var/lib/owned"]; o.UID != 7 || o.GID != 8 || o.Mode != 0o640|fs.ModeSetuid {
		t.Errorf("owned: %+v", o)
	}
	if l := byPath["usr/lib/out"]; l.Mode.Type() != fs.ModeSymlink || l.Link != "../../../etc/passwd" {
		t.Errorf("out: %+v", l)
	}
	if body, err := os.ReadFile(filepath.Join(dir, "usr/lib/in")); err != nil || string(body) != "#!/bin/sh\n" {
		t.Errorf("the link within the tree leads to %q, %v", body, err)
	}
	for _, outside := range []string{"usr/lib/abs", "usr/lib/out", "lib64"} {
		if _, err := os.Lstat(filepath.Join(dir, outside)); !os.IsNotExist(err) {
			t.Errorf("%s is on the disk: %v", outside, err)
		}
	}
}

func TestExtractRefuses(t *testing.T) {
	for name, files := range map[string][]tarFile{
		"above":              {file("../evil", 0o644, "x")},
		"above by detour":    {file("./a/../../evil", 0o644, "x")},
		"absolute":           {file("/evil", 0o644, "x")},
		"through a link":     {link("./a", "../.."), file("./a/evil", 0o644, "x")},
		"link over a file":   {file("./a", 0o644, "x"), link("./a", "..")},
		"file below a link":  {file("./a/b", 0o644, "x"), link("./a", "/etc")},
		"twice":              {file("./a", 0o644, "x"), file("./a", 0o644, "y")},
		"twice when merged":  {file("./lib/a", 0o644, "x"), file("./usr/lib/a", 0o644, "y")},
		"file as directory":  {file("./a", 0o644, "x"), file("./a/b", 0o644, "y")},
		"hard link outside":  {{tar.Header{Name: "./a", Typeflag: tar.TypeLink, Linkname: "../../etc/passwd"}, ""}},
		"hard link to later": {{tar.Header{Name: "./a", Typeflag: tar.TypeLink, Linkname: "./b"}, ""}, file("./b", 0o644, "x")},
		"device":             {{tar.Header{Name: "./null", Typeflag: tar.TypeChar, Devmajor: 1, Devminor: 3}, ""}},
	} {
		dir := filepath.Join(t.TempDir(), "in")
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if got, err := extract(t.Context(), bytes.NewReader(tarball(t, files...)), dir); err == nil {
			t.Errorf("%s gives %+v", name, got)
		}
		if around, err := os.ReadDir(filepath.Dir(dir)); err != nil || len(around) != 1 {
			t.Errorf("%s: outside lies %v, %v", name, around, err)
		}
	}
}

func FuzzExtract(f *testing.F) {
	f.Add(tarball(f, folder("./a/"), file("./a/b", 0o755, "x"), link("./c", "a/b")))
	f.Add(tarball(f, link("./a", ".."), file("./a/b", 0o644, "x")))
	f.Fuzz(func(t *testing.T, archive []byte) {
		outer := t.TempDir()
		dir := filepath.Join(outer, "in")
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		files, err := extract(t.Context(), bytes.NewReader(archive), dir)
		if around, readErr := os.ReadDir(outer); readErr != nil || len(around) != 1 {
			t.Fatalf("outside lies %v, %v", around, readErr)
		}
		if err != nil {
			return
		}
		for _, e := range files {
			if !fs.ValidPath(e.Path) {
				t.Errorf("path %q", e.Path)
			}
		}
	})
}

func TestArMembers(t *testing.T) {
	good := ar("debian-binary", "2.0\n", "_extra", "odd", "control.tar.gz", "c", "data.tar.xz/", "data")
	m, err := findMember(bytes.NewReader(good), int64(len(good)), dataTar)
	if err != nil || m.Name != "data.tar.xz" || string(good[m.Offset:m.Offset+m.Size]) != "data" {
		t.Errorf("%+v, %v", m, err)
	}
	for name, bad := range map[string][]byte{
		"empty":       nil,
		"text":        []byte("hello, this is no archive"),
		"cut":         good[:len(good)-6],
		"cut header":  good[:30],
		"no data":     ar("debian-binary", "2.0\n", "control.tar.gz", "c"),
		"no package":  ar("data.tar", "x"),
		"format 3":    ar("debian-binary", "3.0\n", "data.tar", "x"),
		"no format":   ar("debian-binary", "", "data.tar", "x"),
		"size":        bytes.Replace(good, []byte("4         `"), []byte("-4        `"), 1),
		"header mark": bytes.Replace(good, []byte("`\n"), []byte("'\n"), 1),
	} {
		if m, err := findMember(bytes.NewReader(bad), int64(len(bad)), dataTar); err == nil {
			t.Errorf("%s gives %+v", name, m)
		}
	}
}

func FuzzArMembers(f *testing.F) {
	f.Add(ar("debian-binary", "2.0\n", "data.tar", "odd"))
	f.Add([]byte("!<arch>\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		all, err := arMembers(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return
		}
		for _, m := range all {
			if m.Offset < 0 || m.Size < 0 || m.Offset+m.Size > int64(len(b)) {
				t.Errorf("%+v in %d bytes", m, len(b))
			}
		}
	})
}

func TestCanonical(t *testing.T) {
	for p, want := range map[string]string{
		"/sbin/mdadm": "usr/sbin/mdadm", "./lib64/ld.so": "usr/lib64/ld.so", "usr/bin/x": "usr/bin/x", "/": ".", "": ".",
		"../../etc/x": "etc/x", "/lib": "usr/lib", "libexec/x": "libexec/x", strings.Repeat("../", 9) + "bin/sh": "usr/bin/sh",
	} {
		if got := canonical(p); got != want {
			t.Errorf("canonical(%q) = %q, want %q", p, got, want)
		}
	}
}
