package sources

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/build/deb"
	"github.com/imgbuild/imgbuild/build/kmod"
	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/profiles"
)

// What only packages and the kernel know is told where the profile says it, also of names that TOML wants in quotation marks.
func TestPlaces(t *testing.T) {
	file := filepath.Join(t.TempDir(), "mine.toml")
	text := `extends = "headless"
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
`
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	p, _, err := profile.Load(file, profile.Find(profiles.FS))
	if err != nil {
		t.Fatal(err)
	}
	for want, err := range map[string]error{
		`4:1: packages."libstdc++6": `:           placePackage(p, &deb.NoPackageError{Name: "libstdc++6"}),
		`5:24: packages."libstdc++6".files[1]: `: placeFiles(p, &deb.NoFileError{Want: "/usr/lib/b"}),
		`8:1: module."a.b": `:                    Place(p, &kmod.NoModuleError{Name: "a.b"}),
		`11:20: ethernet."x.5".match.driver: `:   Place(p, &kmod.NoModuleError{Name: "nope", Why: "ethernet.x.5.match"}),
	} {
		var got profile.Problems
		if !errors.As(err, &got) || len(got) != 1 || !strings.HasPrefix(got[0].String(), fmt.Sprintf("%s:%s", file, want)) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
