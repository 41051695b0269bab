package sources

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/build/cache"
	"github.com/imgbuild/imgbuild/build/tree"
)

// Each certificate ends its line, and they come by their names, whatever order packages have; what else lies there is none. A file that
// is not what its hash says is an error.
func TestAuthorities(t *testing.T) {
	dir := t.TempDir()
	c, err := cache.Open(filepath.Join(dir, "cache"))
	if err != nil {
		t.Fatal(err)
	}
	file := func(path, content string) tree.File {
		host := filepath.Join(dir, strings.ReplaceAll(path, "/", "_"))
		if err := os.WriteFile(host, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256([]byte(content))
		return tree.File{Path: path, Size: int64(len(content)), From: tree.Source{Store: "package", Host: host, SHA256: hex.EncodeToString(sum[:])}}
	}
	files := []tree.File{
		file("usr/share/ca-certificates/mozilla/B.crt", "b"), file("usr/share/ca-certificates/own/A.crt", "own\n"), file("usr/share/ca-certificates/mozilla/A.crt", "a\n\n"),
		file("usr/share/ca-certificates/README", "x"), file("usr/share/other/C.crt", "c"),
	}
	f := Finder{Cache: c}
	pem, err := f.authorities(files)
	if got, want := string(pem), "a\nb\nown\n"; err != nil || got != want {
		t.Errorf("%q, %v; want %q", got, err, want)
	}
	if err := os.WriteFile(files[0].From.Host, []byte("z"), 0o600); err != nil {
		t.Fatal(err)
	}
	if pem, err := f.authorities(files); err == nil {
		t.Errorf("%q of a file that is not what it was", pem)
	}
}

// That nothing brings whom a source's server is to be known by is told before there are packages.
func TestAuthoritiesOfASource(t *testing.T) {
	const text = `extends = "headless"
[update]
keys   = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHKEMkZB1Y/bE0VwOHcpFq5mDFjJFt4dUX7BzVfM8nqL you@desk"]
source = "https://example.net/box.update"
[check.network]
on_box = true
`
	for more, want := range map[string]int{"": 1, "[packages.ca-certificates]\nfiles = [\"/usr/share/ca-certificates/mozilla/*.crt\"]\n": 0, "[packages.curl]\nfiles = [\"/usr/bin/curl\"]\n": 1} {
		got := checkFiles(loaded(t, text+more), nil)
		if len(got) != want || want > 0 && (got[0].Key != "update.source" || !strings.Contains(got[0].Msg, "accepted: update.ca ")) {
			t.Errorf("%s%v", more, got)
		}
	}
}
