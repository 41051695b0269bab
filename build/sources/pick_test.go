package sources

import (
	"io/fs"
	"reflect"
	"testing"

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

// No program of a package gives anybody rights: in Debian's package mount(8) is set-user-ID root.
func TestPickedProgramsGiveNoRights(t *testing.T) {
	p := &profile.Profile{Packages: map[string]profile.Package{"mount": {Whole: true}, "wall": {Files: []string{"/bin/wall"}}}}
	trees := []deb.Tree{
		{Package: deb.Package{Name: "mount"}, Files: []deb.Entry{{Path: "usr/bin/mount", Mode: fs.ModeSetuid | 0o755, Size: 1, SHA256: "1"}}},
		{Package: deb.Package{Name: "wall"}, Files: []deb.Entry{{Path: "usr/bin/wall", Mode: fs.ModeSetgid | 0o755, Size: 1, SHA256: "2"}}},
	}
	files, err := pick(p, trees)
	if err != nil || len(files) != 2 {
		t.Fatal(files, err)
	}
	for _, f := range files {
		if f.Mode != 0o755 {
			t.Errorf("%s is %s", f.Path, tree.ModeString(f.Mode))
		}
	}
}
