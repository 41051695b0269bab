package oci

import (
	"bytes"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

// Whatever a layer is, what is left of it after it was judged is a tree: names lie in directories, hard links are files, and contents lie
// within the archive.
func FuzzJudged(f *testing.F) {
	for _, l := range twoLayers(f) {
		f.Add(l)
	}
	f.Fuzz(func(t *testing.T, layer []byte) {
		for _, r := range []io.Reader{bytes.NewReader(layer), struct{ io.Reader }{bytes.NewReader(layer)}} { // sought in, and read
			all, err := judged(r, true, 1<<20)
			if err != nil {
				continue
			}
			have := map[string]entry{}
			for _, e := range all {
				have[e.path] = e
			}
			for _, e := range all {
				if !filepath.IsLocal(e.path) || path.Clean(e.path) != e.path || strings.ContainsRune(e.path, 0) {
					t.Errorf("%q is no name", e.path)
				}
				if up, ok := have[path.Dir(e.path)]; !ok || !up.mode.IsDir() {
					t.Errorf("%q lies in no directory", e.path)
				}
				if e.uid >= ownersMost || e.gid >= ownersMost || e.mode.Type() == fs.ModeDevice || e.mode&fs.ModeCharDevice != 0 && !e.gone {
					t.Errorf("%q is %v of %d:%d", e.path, e.mode, e.uid, e.gid)
				}
				if of, ok := have[e.same]; e.same != "" && (!ok || !of.mode.IsRegular() || of.at != e.at || of.size != e.size) {
					t.Errorf("%q is no %q", e.path, e.same)
				}
				if e.mode.IsRegular() && (e.size < 0 || e.at < 0 || e.at+e.size > int64(len(layer))) {
					t.Errorf("%q has %d bytes at %d of %d", e.path, e.size, e.at, len(layer))
				}
			}
		}
	})
}
