package tree_test

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/imgbuild/imgbuild/build/tree"
)

func TestLinks(t *testing.T) {
	name := func(path, same, body string) tree.File {
		return tree.File{Path: path, Mode: 0o644, Body: []byte(body), Size: int64(len(body)), Same: same}
	}
	files := []tree.File{name("c", "x", "four"), name("a", "x", "four"), name("b", "x", "four"), name("d", "x", "replaced"), name("e", "alone", "12"), name("f", "", "12")}
	links := tree.LinksOf(files)
	for i, want := range []struct {
		names   []string
		content string
		size    int64
	}{
		{[]string{"a", "b", "c"}, "c", 4}, {[]string{"a", "b", "c"}, "c", 0}, {[]string{"a", "b", "c"}, "c", 0}, {nil, "d", 8}, {nil, "e", 2}, {nil, "f", 2},
	} {
		f := files[i]
		if names := links.Names(f); !reflect.DeepEqual(names, want.names) || links.Content(f) != want.content || links.Size(f) != want.size {
			t.Errorf("%s: %v, content with %s, %d bytes; want %+v", f.Path, names, links.Content(f), links.Size(f), want)
		}
	}
	if size := tree.Size(files); size != 16 {
		t.Errorf("%d bytes in all", size)
	}
}

// Names of one file in an overlay stay that; a copy is another file.
func TestFromFSKeepsLinks(t *testing.T) {
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, "first"), []byte("x"), 0o600))
	must(t, os.WriteFile(filepath.Join(dir, "copy"), []byte("x"), 0o600))
	must(t, os.Mkdir(filepath.Join(dir, "deep"), 0o700))
	must(t, os.Link(filepath.Join(dir, "first"), filepath.Join(dir, "deep/second")))
	files, err := tree.FromFS("site", os.DirFS(dir))
	must(t, err)
	got := map[string]string{}
	for _, f := range files {
		if f.Mode.IsRegular() {
			got[f.Path] = f.Same
		}
	}
	if want := map[string]string{"copy": "", "deep/second": "overlay site: deep/second", "first": "overlay site: deep/second"}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
