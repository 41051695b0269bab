package plan

import (
	"errors"
	"io/fs"
	"testing"

	"github.com/imgbuild/imgbuild/build/tree"
	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/profile"
)

// What packages bring is known when they are unpacked; a row for one of their directories is told in its place all the same.
func TestModeOfPackagesDirectory(t *testing.T) {
	p := load(t, "[kernel]\npackage = \"linux-image-amd64\"\ncmdline = [\"console=ttyS0,115200\"]\n[console.ttyS0]\nlogin = \"autologin\"\n[image.modes]\n\"/srv/new\" = \"0700\"\n\"/srv/old\" = \"0700\"\n")
	in := inputs(t)
	in.Packages = append(in.Packages, tree.File{Path: "srv/old", Mode: fs.ModeDir | 0o755, Why: "packages.old"})
	for _, at := range []string{"/srv/new", "/srv/old"} {
		in.Overlays = append(in.Overlays, Overlay{Name: "site", Dirs: []tree.File{{Path: at[1:], Mode: fs.ModeDir | 0o700, Why: problem.JoinKey("image.modes", at)}}})
	}
	_, err := Make(p, in)
	var problems profile.Problems
	if !errors.As(err, &problems) || len(problems) != 1 || problems[0].Key != `image.modes."/srv/old"` || problems[0].Pos.Line != 8 || problems[0].Pos.Col != 14 {
		t.Errorf("%v", err)
	}
}
