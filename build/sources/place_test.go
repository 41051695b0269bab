package sources

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/build/deb"
	"github.com/imgbuild/imgbuild/build/kmod"
	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/profiles"
)

// loaded is a profile that lies in a file "mine.toml".
func loaded(t *testing.T, text string) *profile.Profile {
	t.Helper()
	file := filepath.Join(t.TempDir(), "mine.toml")
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	p, _, err := profile.Load(file, profile.Find(profiles.FS))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// What only packages and the kernel know is told where the profile says it, also of names that TOML wants in quotation marks.
func TestPlaces(t *testing.T) {
	p := loaded(t, `extends = "headless"
[packages.zsh]
files = ["/bin/zsh"]
[packages."libstdc++6"]
files = ["/usr/lib/a", "/usr/lib/b"]
[module.dummy]
load = true
[module."a.b"]
load = true
[ethernet."x.5"]
match = { driver = ["nope"] }
no_address = true
`)
	for want, err := range map[string]error{
		`4:1: packages."libstdc++6": `:           placePackage(p, &deb.NoPackageError{Name: "libstdc++6"}),
		`5:24: packages."libstdc++6".files[1]: `: placeFiles(p, &deb.NoFileError{Want: "/usr/lib/b"}),
		`8:1: module."a.b": `:                    Place(p, &kmod.NoModuleError{Name: "a.b"}),
		`11:20: ethernet."x.5".match.driver: `:   Place(p, &kmod.NoModuleError{Name: "nope", Why: "ethernet.x.5.match"}),
	} {
		var got profile.Problems
		if !errors.As(err, &got) || len(got) != 1 || !strings.HasPrefix(got[0].String(), p.At("").File+":"+want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// What packages fill with different files is told where both are asked for, all of it at once: by a name, by a pattern, as a whole, or by a row
// of which another's package has the file, too.
func TestClashesAreToldAtTheirPlaces(t *testing.T) {
	p := loaded(t, `extends = "headless"
[packages.first]
files = ["/bin/a", "/bin/*b"]
[packages.second]
files = ["/bin/c"]
[packages.third]
whole = true
[packages.fourth]
whole = true
`)
	var trees []deb.Tree
	for name, files := range map[string][]string{"first": {"a", "bb"}, "second": {"c", "bb"}, "third": {"a", "d"}, "fourth": {"d"}} {
		tree := deb.Tree{Package: deb.Package{Name: name}}
		for _, file := range files {
			tree.Files = append(tree.Files, deb.Entry{Path: "usr/bin/" + file, Mode: 0o755, Size: 1, SHA256: name})
		}
		trees = append(trees, tree)
	}
	slices.SortFunc(trees, func(a, b deb.Tree) int { return strings.Compare(a.Name, b.Name) })
	maps.DeleteFunc(p.Packages, func(name string, _ profile.Package) bool {
		return !slices.ContainsFunc(trees, func(t deb.Tree) bool { return t.Name == name })
	})
	p.Image.Commands = nil // of which some are Debian's busybox
	_, err := pick(p, trees)
	var got profile.Problems
	errors.As(err, &got)
	want := []string{
		"mine.toml:4:1: packages.second: two files want to be usr/bin/bb: package first: /usr/bin/bb (mine.toml:3:20), and package second: /usr/bin/bb; accepted: leave out packages.second, or leave /bin/*b out of packages.first.files",
		"mine.toml:7:9: packages.third.whole: two files want to be usr/bin/d: package fourth: /usr/bin/d (mine.toml:9:9), and package third: /usr/bin/d; accepted: files of packages.third in place of the whole package, or files of packages.fourth in place of the whole package",
		"mine.toml:7:9: packages.third.whole: two files want to be usr/bin/a: package first: /usr/bin/a (mine.toml:3:10), and package third: /usr/bin/a; accepted: files of packages.third in place of the whole package, or leave /bin/a out of packages.first.files",
	}
	if len(got) != len(want) {
		t.Fatal(err)
	}
	for i := range want {
		if text := strings.ReplaceAll(got[i].String(), filepath.Dir(got[i].Pos.File)+"/", ""); text != want[i] {
			t.Errorf("%s\nwant %s", text, want[i])
		}
	}
}
