package build

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/build/buildtest"
	"github.com/imgbuild/imgbuild/build/cache"
)

// What no artifact can replace leaves all of them as they were: told before anything is made where it has the name of the sums.
func TestArtifactsThatCannotBeReplaced(t *testing.T) {
	c, err := cache.OpenWith(t.TempDir(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{sumsName, "b"} {
		for what, put := range map[string]func(path string) error{
			"a directory":      func(path string) error { return os.Mkdir(path, 0o755) },
			"not a plain file": func(path string) error { return unix.Mkfifo(path, 0o600) },
		} {
			dir := t.TempDir()
			at := filepath.Join(dir, name)
			buildtest.Write(t, filepath.Join(dir, "a"), "old")
			early := name == sumsName
			if early {
				if err := put(at); err != nil {
					t.Fatal(err)
				}
			}
			out, err := stage(dir)
			if !early {
				if err != nil {
					t.Fatal(err)
				}
				for _, artifact := range []string{"a", "b"} {
					if err := out.bytes(t.Context(), artifact, []byte("new")); err != nil {
						t.Fatal(err)
					}
				}
				if err := put(at); err != nil {
					t.Fatal(err)
				}
				_, err = out.commit(t.Context(), c)
				if lost := out.discard(); lost != nil {
					t.Error(lost)
				}
			}
			if err == nil || !strings.Contains(err.Error(), "replacing "+at+": it is "+what) {
				t.Errorf("%s, %s: %v", name, what, err)
			}
			if text, err := os.ReadFile(filepath.Join(dir, "a")); err != nil || string(text) != "old" {
				t.Errorf("%s, %s: the earlier artifact is %q, %v", name, what, text, err)
			}
			if info, err := os.Lstat(at); err != nil || info.Mode().Type()&(fs.ModeDir|fs.ModeNamedPipe) == 0 {
				t.Errorf("%s, %s: it is gone: %v, %v", name, what, info, err)
			}
		}
	}
}
