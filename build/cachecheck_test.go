package build

import (
	"path/filepath"
	"testing"
)

// What is damaged is named and dropped; what the index does not know is counted; the rest stays.
func TestCheckCache(t *testing.T) {
	dir, p := world(t, "")
	e := env(t, filepath.Join(dir, "cache"))
	if _, err := e.Build(t.Context(), p, filepath.Join(dir, "out"), Options{}); err != nil {
		t.Fatal(err)
	}
	if damaged, unknown, err := e.CheckCache(t.Context()); err != nil || len(damaged) != 0 || unknown != 0 {
		t.Fatalf("a cache that nobody touched: %v, %d unknown, %v", damaged, unknown, err)
	}
	segments, err := filepath.Glob(filepath.Join(dir, "cache/entry/segment/*"))
	if err != nil || len(segments) == 0 {
		t.Fatalf("segments: %v, %v", segments, err)
	}
	for _, s := range segments {
		spoil(t, s)
	}
	write(t, filepath.Join(dir, "cache/entry/usr/abc/segment"), "foreign")
	damaged, unknown, err := e.CheckCache(t.Context())
	if err != nil || len(damaged) != len(segments) || damaged[0].Kind != "segment" || unknown != 1 {
		t.Errorf("found %v, %d unknown, %v", damaged, unknown, err)
	}
	if damaged, _, err := e.CheckCache(t.Context()); err != nil || len(damaged) != 0 {
		t.Errorf("what was damaged is still there: %v, %v", damaged, err)
	}
}
