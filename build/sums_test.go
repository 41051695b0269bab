package build

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/build/buildtest"
	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/profiles"
)

// Several profiles may be built into one directory, at once too: SHA256SUMS is about all that they made and is still there. Lines that
// somebody added about what is not there, and what is no list at all, are left out.
func TestSumsOfSeveralProfiles(t *testing.T) {
	dir, box := buildtest.World(t, "")
	text, err := os.ReadFile(filepath.Join(dir, "box.toml"))
	if err != nil {
		t.Fatal(err)
	}
	all := []*profile.Profile{box}
	for _, name := range []string{"cow", "dog"} {
		file := filepath.Join(dir, name+".toml")
		buildtest.Write(t, file, string(text))
		p, _, err := profile.Load(file, profile.Find(profiles.FS))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	out := filepath.Join(dir, "out")
	e := env(t, shared)
	results := make(chan error)
	for _, p := range all {
		go func() {
			_, err := e.Build(t.Context(), p, out, Options{})
			results <- err
		}()
	}
	for range all {
		err = errors.Join(err, <-results)
	}
	if err != nil {
		t.Fatal(err)
	}
	listed := func() (names []string) {
		t.Helper()
		text, err := os.ReadFile(filepath.Join(out, sumsName))
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			names = append(names, strings.TrimSpace(line[66:]))
		}
		slices.Sort(names)
		check := exec.Command("sha256sum", "-c", "--quiet", "--strict", sumsName)
		check.Dir = out
		if text, err := check.CombinedOutput(); err != nil {
			t.Errorf("sha256sum -c: %v\n%s", err, text)
		}
		return names
	}
	var want []string
	for _, p := range all {
		for _, end := range []string{"-cmdline", "-initrd.img", "-kernel", ".licenses.tar.zst", ".manifest.json", ".sbom.spdx.json"} {
			want = append(want, string(p.Name)+end)
		}
	}
	slices.Sort(want)
	if got := listed(); !slices.Equal(got, want) {
		t.Errorf("listed are\n%q, want\n%q", got, want)
	}
	// What is gone is listed no longer, nor what never was a file here.
	if err := os.Remove(filepath.Join(out, "cow-kernel")); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(filepath.Join(out, sumsName), os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	f.WriteString("hello\n" + strings.Repeat("a", 64) + "  ../box.toml\n" + strings.Repeat("a", 64) + "  nothing\n")
	f.Close()
	if _, err := e.Build(t.Context(), box, out, Options{}); err != nil {
		t.Fatal(err)
	}
	want = slices.DeleteFunc(want, func(name string) bool { return name == "cow-kernel" })
	if got := listed(); !slices.Equal(got, want) {
		t.Errorf("listed are\n%q, want\n%q", got, want)
	}
	// A list that is none is replaced.
	list := filepath.Join(out, sumsName)
	if err := errors.Join(os.Remove(list), os.Symlink("box-kernel", list)); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Build(t.Context(), box, out, Options{}); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Lstat(list); err != nil || !info.Mode().IsRegular() {
		t.Errorf("%v, %v", info, err)
	}
	if got := listed(); len(got) != 6 {
		t.Errorf("listed are %q", got)
	}
}
