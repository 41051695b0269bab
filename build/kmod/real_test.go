package kmod_test

import (
	"os"
	"testing"

	"github.com/imgbuild/imgbuild/build/kmod"
)

// realTree is an unpacked kernel package: the folder that holds lib/modules.
func realTree(t testing.TB) (string, *kmod.Index) {
	t.Helper()
	dir := os.Getenv("IMGBUILD_KERNEL_TREE")
	if dir == "" {
		t.Skip("IMGBUILD_KERNEL_TREE names no unpacked kernel package")
	}
	releases, err := kmod.Releases(os.DirFS(dir))
	if err != nil || len(releases) == 0 {
		t.Fatalf("no kernel in %s: %v", dir, err)
	}
	x, err := kmod.Scan(os.DirFS(dir), releases[0])
	if err != nil {
		t.Fatal(err)
	}
	return dir, x
}

func BenchmarkScan(b *testing.B) {
	dir, x := realTree(b)
	for b.Loop() {
		if _, err := kmod.Scan(os.DirFS(dir), x.Release); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkUnmarshal(b *testing.B) {
	_, x := realTree(b)
	text, _ := x.MarshalText()
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		var y kmod.Index
		if err := y.UnmarshalText(text); err != nil {
			b.Fatal(err)
		}
	}
}
