package build

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"

	"github.com/imgbuild/imgbuild/build/buildtest"
)

// What is damaged is named and dropped; what the index does not know is counted; the rest stays.
func TestCheckCache(t *testing.T) {
	dir, p := buildtest.World(t, "")
	e := env(t, filepath.Join(dir, "cache"))
	if _, err := e.Build(t.Context(), p, filepath.Join(dir, "out"), Options{}); err != nil {
		t.Fatal(err)
	}
	check := func() CacheReport {
		t.Helper()
		found, err := e.CheckCache(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	if found := check(); len(found.Damaged) != 0 || found.Unknown != 0 || found.ForeignLists {
		t.Fatalf("a cache that nobody touched: %+v", found)
	}
	segments, err := filepath.Glob(filepath.Join(dir, "cache/entry/segment/*"))
	if err != nil || len(segments) == 0 {
		t.Fatalf("segments: %v, %v", segments, err)
	}
	for _, s := range segments {
		spoil(t, s)
	}
	buildtest.Write(t, filepath.Join(dir, "cache/entry/usr/abc/segment"), "foreign")
	if found := check(); len(found.Damaged) != len(segments) || found.Damaged[0].Kind != "segment" || found.Unknown != 1 {
		t.Errorf("found %+v", found)
	}
	if found := check(); len(found.Damaged) != 0 {
		t.Errorf("what was damaged is still there: %+v", found)
	}
}

// Packages without a record are judged by the hash in their name, as builds do.
func TestCheckCacheOfForeignPackages(t *testing.T) {
	dir := t.TempDir()
	e := env(t, filepath.Join(dir, "cache"))
	sum := sha256.Sum256([]byte("right"))
	path := filepath.Join(dir, "cache/entry/deb", hex.EncodeToString(sum[:]), "package.deb")
	for text, unknown := range map[string]int{"right": 0, "wrong": 1} {
		if err := os.RemoveAll(filepath.Dir(path)); err != nil {
			t.Fatal(err)
		}
		buildtest.Write(t, path, text)
		e := env(t, e.Cache.Dir())
		if err := os.RemoveAll(filepath.Dir(e.Cache.Notes())); err != nil { // no record from before
			t.Fatal(err)
		}
		if found, err := e.CheckCache(t.Context()); err != nil || found.Unknown != unknown || len(found.Damaged) != 0 {
			t.Errorf("%s: %+v, %v", text, found, err)
		}
	}
}

// Package lists that no build of ours fetched are named.
func TestCheckCacheOfForeignLists(t *testing.T) {
	dir := t.TempDir()
	e := env(t, filepath.Join(dir, "cache"))
	buildtest.Write(t, filepath.Join(dir, "cache/state/apt/state/lists/mirror_Packages"), "Package: evil\n")
	if found, err := e.CheckCache(t.Context()); err != nil || !found.ForeignLists {
		t.Errorf("%+v, %v", found, err)
	}
}
