package plan

import (
	"testing"

	"github.com/imgbuild/imgbuild/build/tree"
)

// A file of an overlay takes another's place where image.replace names it by either of its paths, and nowhere else.
func TestReplacedByEitherPath(t *testing.T) {
	for name, want := range map[string]bool{"/bin/tool": true, "/usr/bin/tool": true, "/usr/bin/other": false} {
		for _, overlay := range []string{"bin/tool", "usr/bin/tool"} {
			p := load(t, box+"[image]\noverlays = [\"o\"]\nreplace = [\""+name+"\"]\n")
			l := newLayers(p, false)
			l.add("packages", tree.File{Path: "usr/bin/tool", Body: []byte("a"), Size: 1})
			l.lay(Overlay{Name: "o", Files: []tree.File{{Path: overlay, Body: []byte("b"), Size: 1, Why: "overlay o"}}})
			found := l.judge.Found()
			if f, _ := l.tree.Lookup("usr/bin/tool"); (found == nil) != want || (string(f.Body) == "b") != want {
				t.Errorf("%s for an overlay's %s: %q, %v", name, overlay, f.Body, found)
			}
		}
	}
}
