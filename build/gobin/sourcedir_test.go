package gobin

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"
)

func TestSourceDir(t *testing.T) {
	dir := t.TempDir()
	large := bytes.Repeat([]byte("0123456789abcdef"), 40<<10)
	for name, text := range map[string][]byte{"b/large": large, "a": []byte("short"), "c": nil, "b/d/e": []byte("deep")} {
		if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	s := newSourceDir(dir)
	if err := fstest.TestFS(s, "a", "b/large", "b/d/e", "c"); err != nil {
		t.Error(err)
	}
	for name, want := range map[string][]byte{"b/large": large, "a": []byte("short"), "c": nil} {
		if got, err := s.read(name); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: read %d bytes of %d (%v)", name, len(got), len(want), err)
		}
	}
	for _, name := range []string{"b", "../" + filepath.Base(dir) + "/a", "/a", "gone"} {
		if _, err := s.read(name); err == nil {
			t.Errorf("read %s", name)
		}
	}
	if _, err := s.ReadDir("gone"); !os.IsNotExist(err) {
		t.Errorf("listing what is not there: %v", err)
	}
}
