package plan

import (
	"testing"

	"github.com/imgbuild/imgbuild/build/tree"
	"github.com/imgbuild/imgbuild/internal/profile"
)

// A file of an overlay takes another's place where image.replace names it by either of its paths, and nowhere else.
func TestReplacedByEitherPath(t *testing.T) {
	for name, want := range map[string]bool{"/bin/tool": true, "/usr/bin/tool": true, "/usr/bin/other": false} {
		for _, overlay := range []string{"bin/tool", "usr/bin/tool"} {
			files := tree.New()
			if err := files.Add(tree.File{Path: "usr/bin/tool", Body: []byte("a"), Size: 1}); err != nil {
				t.Fatal(err)
			}
			p := &profile.Profile{Image: profile.Image{Replace: []string{name}}}
			err := lay(files, p, Overlay{Name: "o", Files: []tree.File{{Path: overlay, Body: []byte("b"), Size: 1}}}, map[string]string{})
			if f, _ := files.Lookup("usr/bin/tool"); (err == nil) != want || (string(f.Body) == "b") != want {
				t.Errorf("%s for an overlay's %s: %q, %v", name, overlay, f.Body, err)
			}
		}
	}
}
