package build

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/imgbuild/imgbuild/build/buildtest"
	"github.com/imgbuild/imgbuild/build/cpio"
)

// An overlay's hard link arrives in the archive as one, and its content counts once.
func TestOverlayKeepsLinks(t *testing.T) {
	dir, p := buildtest.World(t, "[image]\noverlays = [\"site\"]\n")
	buildtest.Write(t, filepath.Join(dir, "site/usr/bin/one"), "#!/bin/sh\n")
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
