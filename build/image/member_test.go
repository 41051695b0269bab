package image_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/build/cpio"
	"github.com/imgbuild/imgbuild/build/squashfs"
	"github.com/imgbuild/imgbuild/build/tree"
	"github.com/imgbuild/imgbuild/internal/needed"
)

// A squashfs in an initramfs is looked into, packed or not; what only begins like one is a file.
func TestSquashfsInAnInitramfs(t *testing.T) {
	needed.Program(t, "mksquashfs")
	out := filepath.Join(t.TempDir(), "squashfs")
	c := squashfs.Config{Root: "/", Compression: "gzip", Epoch: time.Unix(1, 0), Below: "usr"}
	if err := squashfs.Make(t.Context(), out, []tree.File{{Path: "usr/tool", Mode: 0o755, Size: 4, Body: []byte("tool")}}, c, nil); err != nil {
		t.Fatal(err)
	}
	body, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	for _, compression := range []cpio.Compression{cpio.None, cpio.Zstd} {
		got, err := list(open(t, initramfs(t, compression, "usr.squashfs="+string(body), "fake=hsqs"+strings.Repeat("x", 200))))
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"-rwxr-xr-x 4 usr.squashfs/tool", "-rw-r--r-- 204 fake"} {
			if !slices.Contains(got, want) {
				t.Errorf("%s: no %q in %q", compression, want, got)
			}
		}
	}
}
