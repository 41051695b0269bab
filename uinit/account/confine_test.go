package account

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// What a home holds is the same afterwards: names, contents, modes, owners, links.
func TestCopyTree(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	if err := os.MkdirAll(filepath.Join(from, ".ssh"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, mode := range map[string]fs.FileMode{".ssh/authorized_keys": 0o600, "run": 0o755, "own": 0o400} {
		if err := os.WriteFile(filepath.Join(from, name), []byte(name), mode); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("../nowhere", filepath.Join(from, "link")); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(from, "run"), 0o755|fs.ModeSetgid); err != nil {
		t.Fatal(err)
	}
	if os.Getuid() == 0 {
		for _, name := range []string{"", ".ssh", ".ssh/authorized_keys", "link"} {
			if err := os.Lchown(filepath.Join(from, name), 1234, 5678); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := copyTree(from, to); err != nil {
		t.Fatal(err)
	}
	want, got := listing(t, from), listing(t, to)
	if !slices.Equal(want, got) || len(want) != 6 {
		t.Errorf("\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if err := syscall.Mkfifo(filepath.Join(from, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := copyTree(from, t.TempDir()); err == nil {
		t.Error("a pipe was copied, or left out without a word")
	}
}

func listing(t *testing.T, dir string) (lines []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		link, _ := os.Readlink(path)
		var text []byte
		if e.Type().IsRegular() {
			text, err = os.ReadFile(path)
		}
		owner := info.Sys().(*syscall.Stat_t)
		lines = append(lines, fmt.Sprintf("%s %v %d:%d %q %q", path[len(dir):], info.Mode(), owner.Uid, owner.Gid, link, text))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return lines
}
