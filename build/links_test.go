package build

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/imgbuild/imgbuild/build/cpio"
	"github.com/imgbuild/imgbuild/build/deb"
	"github.com/imgbuild/imgbuild/build/tree"
	"github.com/imgbuild/imgbuild/internal/profile"
)

// Names of one file in a package are those of one file in the image, as far as they are picked.
func TestPickKeepsLinks(t *testing.T) {
	entry := func(path, first string) deb.Entry {
		return deb.Entry{Path: path, Mode: 0o755, Hardlink: first, Size: 4, SHA256: "88"}
	}
	p := &profile.Profile{Packages: map[string]profile.Package{"perl": {Files: []string{"/usr/bin/perl*"}}}}
	trees := []deb.Tree{{Package: deb.Package{Name: "perl"}, Files: []deb.Entry{
		entry("usr/bin/perl", ""), entry("usr/bin/perl5", "usr/bin/perl"), entry("usr/bin/perldoc", ""), entry("usr/lib/perl", "usr/bin/perl"),
	}}}
	files, err := pick(p, trees)
	if err != nil {
		t.Fatal(err)
	}
	links := tree.LinksOf(files)
	got := map[string][]string{}
	for _, f := range files {
		got[f.Path] = links.Names(f)
	}
	both := []string{"usr/bin/perl", "usr/bin/perl5"}
	if want := map[string][]string{"usr/bin/perl": both, "usr/bin/perl5": both, "usr/bin/perldoc": nil}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// An overlay's hard link arrives in the archive as one, and its content counts once.
func TestOverlayKeepsLinks(t *testing.T) {
	dir, p := world(t, "[image]\noverlays = [\"site\"]\n")
	write(t, filepath.Join(dir, "site/usr/bin/one"), "#!/bin/sh\n")
	if err := os.Link(filepath.Join(dir, "site/usr/bin/one"), filepath.Join(dir, "site/usr/bin/two")); err != nil {
		t.Fatal(err)
	}
	e := env(t, shared)
	rows, err := e.List(t.Context(), p, Options{})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]Row{}
	for _, r := range rows {
		if r.Path == "/usr/bin/one" || r.Path == "/usr/bin/two" {
			got[r.Path] = Row{Size: r.Size, Same: r.Same}
		}
	}
	if want := map[string]Row{"/usr/bin/one": {Same: "/usr/bin/two"}, "/usr/bin/two": {Size: 10}}; !reflect.DeepEqual(got, want) {
		t.Errorf("listed %+v, want %+v", got, want)
	}
	out := filepath.Join(dir, "out")
	if _, err := e.Build(t.Context(), p, out, Options{}); err != nil {
		t.Fatal(err)
	}
	_, initrd, _ := Artifacts(p, out)
	text, err := os.ReadFile(initrd)
	if err != nil {
		t.Fatal(err)
	}
	r := cpio.NewReader(bytes.NewReader(text), 1<<30)
	defer r.Close()
	inodes := map[uint32]uint32{}
	for {
		entry, err := r.Next()
		if err != nil {
			break
		}
		if entry.Path == "usr/bin/one" || entry.Path == "usr/bin/two" {
			inodes[entry.Inode] = entry.Links
		}
	}
	if len(inodes) != 1 {
		t.Errorf("numbers and their links: %v", inodes)
	}
	for _, links := range inodes {
		if links != 2 {
			t.Errorf("%d links", links)
		}
	}
}
