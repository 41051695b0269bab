package lock

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

var sample = Lock{
	Requested: []string{"linux-image-amd64", "nftables"},
	Go:        "go1.26.8",
	Package: []Package{
		{Name: "libc6", Version: "2.36-9", Arch: "amd64", SHA256: strings.Repeat("a1", 32), Size: 100},
		{Name: "nftables", Version: "1.0.6-2", Arch: "amd64", SHA256: strings.Repeat("b2", 32), Size: 200},
	},
	Module: []Module{{Path: "golang.org/x/sys", Version: "v0.49.0", Sum: "h1:x"}},
}

func TestRoundTrip(t *testing.T) {
	path := filepath.Join(t.TempDir(), "box.lock")
	if got, err := Read(path); got != nil || err != nil {
		t.Fatalf("no file: %v, %v", got, err)
	}
	if err := sample.Write(path); err != nil {
		t.Fatal(err)
	}
	got, err := Read(path)
	if err != nil || !reflect.DeepEqual(*got, sample) {
		t.Errorf("got %+v, %v", got, err)
	}
	if d := got.Diff(&sample); len(d) > 0 {
		t.Errorf("a lock differs from itself: %v", d)
	}
}

func TestCovers(t *testing.T) {
	if !sample.Covers([]string{"nftables", "linux-image-amd64", "nftables"}) || sample.Covers([]string{"nftables"}) {
		t.Error("order and repetition must not matter, names must")
	}
	if (*Lock)(nil).Covers(nil) {
		t.Error("no lock covers nothing")
	}
}

func TestDiffNamesEveryChange(t *testing.T) {
	now := sample
	now.Go = "go1.27"
	now.Package = []Package{{Name: "nftables", Version: "1.0.6-3", SHA256: strings.Repeat("c3", 32)}, {Name: "zlib", Version: "1", SHA256: strings.Repeat("d4", 32)}}
	want := []string{
		"go toolchain: go1.26.8 → go1.27",
		"package libc6: gone, was 2.36-9 a1a1a1a1a1a1",
		"package nftables: 1.0.6-2 b2b2b2b2b2b2 → 1.0.6-3 c3c3c3c3c3c3",
		"package zlib: new, 1 d4d4d4d4d4d4",
	}
	if got := sample.Diff(&now); !slices.Equal(got, want) {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
}

func TestDamagedLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "box.lock")
	for text, want := range map[string]string{
		"[[package]]\nname = \"nft\"\nversion = \"1\"\nsha256 = \"short\"\n": `package "nft" lacks a version or a SHA-256`,
		"surprise = 1\n":   "unknown key surprise",
		"requested = [\n":  "box.lock",
		"requested = 12\n": "box.lock",
	} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(path); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), `"imgbuild lock" writes it anew`) {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
}

func TestHasTools(t *testing.T) {
	pinned := &Lock{Tools: []string{"stub", "grub"}}
	if !pinned.HasTools([]string{"grub"}) || pinned.HasTools([]string{"grub", "mke2fs"}) || (*Lock)(nil).HasTools(nil) {
		t.Error("HasTools does not tell what is pinned")
	}
}
