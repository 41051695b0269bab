package deb

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/imgbuild/imgbuild/build/cache"
	"github.com/imgbuild/imgbuild/internal/progress"
)

// stored is an Apt that has one package, as if it had been downloaded.
func stored(t *testing.T, control string, files ...tarFile) (*Apt, Package) {
	t.Helper()
	c, err := cache.OpenWith(t.TempDir(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	data := ar("debian-binary", "2.0\n", "control.tar.gz", gz(t, tarball(t, file("./control", 0o644, control))), "data.tar.gz", gz(t, tarball(t, files...)))
	sum, size, err := hashOf(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Entry(t.Context(), kindDeb, sum, func(_ context.Context, dir string) error {
		return os.WriteFile(filepath.Join(dir, debFile), data, 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
	return New(c, progress.Discard), Package{Name: "x", Version: "1-2+b1", Arch: "amd64", SHA256: sum, Size: size}
}

func TestSource(t *testing.T) {
	for control, want := range map[string]string{
		"Package: x\nVersion: 1-2+b1\nArchitecture: amd64\n":                     "x 1-2+b1",
		"Package: x\nSource: y\nVersion: 1-2\nDescription: of\n several lines\n": "y 1-2",
		"Package: x\nVersion: 1-2+b1\nSource: y (1:3-4)\n":                       "y 1:3-4",
	} {
		a, p := stored(t, control)
		name, version, err := a.Source(t.Context(), p)
		if got := fmt.Sprint(name, " ", version); err != nil || got != want {
			t.Errorf("%q: %s, %v, want %s", control, got, err, want)
		}
	}
	a, p := stored(t, "")
	if _, _, err := a.Source(t.Context(), p); err == nil {
		t.Error("an empty control file says something")
	}
}

func TestCopyright(t *testing.T) {
	for _, tt := range []struct {
		files     []tarFile
		text, see string
	}{
		{[]tarFile{file("./usr/share/doc/x/copyright", 0o644, "mine")}, "mine", ""},
		{[]tarFile{file("./usr/share/doc/x/copyright.gz", 0o644, gz(t, []byte("packed")))}, "packed", ""},
		{[]tarFile{link("./usr/share/doc/x", "y")}, "", "y"},
		{[]tarFile{link("./usr/share/doc/x/copyright", "../y/copyright")}, "", "y"},
		{[]tarFile{link("./usr/share/doc/x/copyright", "/usr/share/doc/y/copyright")}, "", "y"},
		{[]tarFile{link("./usr/share/doc/x/copyright", "LICENSE"), file("./usr/share/doc/x/LICENSE", 0o644, "beside")}, "beside", ""},
		{[]tarFile{link("./usr/share/doc/x/copyright", "copyright"), file("./usr/share/doc/y/copyright", 0o644, "another's")}, "", ""},
		{[]tarFile{file("./usr/share/doc/y/copyright", 0o644, "another's")}, "", ""},
	} {
		a, p := stored(t, "Package: x\nVersion: 1\n", tt.files...)
		tree, err := a.Unpack(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		text, see, err := a.Copyright(tree)
		if string(text) != tt.text || see != tt.see || err != nil {
			t.Errorf("%v: %q, %q, %v", tt.files, text, see, err)
		}
	}
}
