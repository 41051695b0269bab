package notices

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/imgbuild/imgbuild/build/cache"
	"github.com/imgbuild/imgbuild/build/licence"
	"github.com/imgbuild/imgbuild/build/sbom"
	"github.com/imgbuild/imgbuild/build/sbom/sbomtest"
	"github.com/imgbuild/imgbuild/internal/progress"
)

// told keeps what a person is told.
type told struct {
	progress.Reporter
	notes *[]string
}

func (t told) Note(format string, args ...any) {
	*t.notes = append(*t.notes, fmt.Sprintf(format, args...))
}

// What could not be looked up is said, and not kept; what could be is looked up once.
func TestPapers(t *testing.T) {
	c, err := cache.OpenWith(t.TempDir(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var notes []string
	f := Finder{Cache: c, Progress: told{progress.Discard, &notes}}
	asked, reachable := 0, false
	parts := []Material{{Part: sbom.Part{Name: "p", Version: "1", Role: sbom.Contained, Source: "p.deb"}, Dir: "debian/p", Find: func(context.Context) (Notice, error) {
		if asked++; !reachable {
			return Notice{}, errors.New("the network is away")
		}
		return Notice{Notice: licence.Files("p", licence.File{Name: "LICENSE", Body: []byte("as you like")}), Source: "q", SourceVersion: "2"}, nil
	}}}
	p, err := f.Papers(t.Context(), sbom.Image{Name: "box"}, parts)
	if err != nil || len(notes) != 1 || bytes.Count(p.SBOM, []byte(`"licenseConcluded": "NOASSERTION"`)) != 2 {
		t.Errorf("%v, %q\n%s", err, notes, p.SBOM)
	}
	reachable = true
	var made [2]Papers
	for i := range made {
		if made[i], err = f.Papers(t.Context(), sbom.Image{Name: "box"}, parts); err != nil {
			t.Fatal(err)
		}
	}
	if asked != 2 || len(notes) != 1 || !bytes.Equal(made[0].SBOM, made[1].SBOM) || !bytes.Equal(made[0].Licences, made[1].Licences) {
		t.Errorf("it was asked %d times, of %q", asked, notes)
	}
	if d := sbomtest.Licensed(t, made[1].SBOM); d.Packages[1].PackageSourceInfo != "p.deb, built from source package q 2" {
		t.Errorf("source %q", d.Packages[1].PackageSourceInfo)
	}
	if files := sbomtest.Archived(t, made[1].Licences); files["debian/p/LICENSE"] != "as you like" || len(files) != 1 {
		t.Errorf("%v", files)
	}
	// Another version is another image.
	parts[0].Version = "2"
	if _, err := f.Papers(t.Context(), sbom.Image{Name: "box"}, parts); err != nil || asked != 3 {
		t.Errorf("asked %d times, %v", asked, err)
	}
}

// Another version of the same parts is not looked up again.
func TestPapersOfAnotherVersion(t *testing.T) {
	c, err := cache.OpenWith(t.TempDir(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	f, asked := Finder{Cache: c, Progress: progress.Discard}, 0
	parts := []Material{{Part: sbom.Part{Name: "p", Version: "1", Role: sbom.Contained}, Dir: "debian/p", Find: func(context.Context) (Notice, error) {
		asked++
		return Notice{Notice: licence.Files("p", licence.File{Name: "LICENSE", Body: []byte("as you like")})}, nil
	}}}
	for _, version := range []string{"1.0", "1.1", "1.0"} {
		p, err := f.Papers(t.Context(), sbom.Image{Name: "box", Version: version}, parts)
		if err != nil {
			t.Fatal(err)
		}
		if d := sbomtest.Licensed(t, p.SBOM); d.Packages[0].PackageVersion != version || d.Packages[1].PackageVersion != "1" || asked != 1 {
			t.Errorf("%s is %q after %d questions", version, d.Packages[0].PackageVersion, asked)
		}
	}
}
