package sources

import (
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
