package dev

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func TestSysfs(t *testing.T) {
	dir := t.TempDir()
	for name, size := range map[string]int{"empty": 0, "short": 5, "page": 4096, "long": 10000} {
		want := bytes.Repeat([]byte("x"), size)
		if err := os.WriteFile(filepath.Join(dir, name), want, 0o644); err != nil {
			t.Fatal(err)
		}
		if got, err := fs.ReadFile(newSysfs(dir), name); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
	}
	if err := os.Symlink("short", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	sys := newSysfs(dir)
	if to, err := fs.ReadLink(sys, "link"); to != "short" || err != nil {
		t.Errorf("the link leads to %q, %v", to, err)
	}
	if all, err := fs.ReadDir(sys, "."); len(all) != 5 || err != nil {
		t.Errorf("%v, %v", all, err)
	}
	for name, want := range map[string]error{"none": fs.ErrNotExist, "../" + filepath.Base(dir) + "/short": fs.ErrInvalid} {
		if _, err := fs.ReadFile(sys, name); !errors.Is(err, want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
