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
	// A file is the caller's own: the next one read changes nothing of it.
	first, err := s.ReadFile("a")
	if err != nil {
		t.Fatal(err)
	}
	second, err := s.ReadFile("b/large")
	if err != nil || !bytes.Equal(second, large) || string(first) != "short" {
		t.Errorf("read %q, and %d bytes of %d (%v)", first, len(second), len(large), err)
	}
	for _, name := range []string{"b", "../" + filepath.Base(dir) + "/a", "/a", "gone"} {
		if _, err := s.ReadFile(name); err == nil {
			t.Errorf("read %s", name)
		}
	}
	if _, err := s.ReadDir("gone"); !os.IsNotExist(err) {
		t.Errorf("listing what is not there: %v", err)
	}
}
