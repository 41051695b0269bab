package unpacked

import (
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/build/deb"
)

// Links lead to where they lead on a system, and what is run may be run.
func TestLayOut(t *testing.T) {
	root := t.TempDir()
	picks := []deb.Pick{
		{Path: "usr/lib/x86_64-linux-gnu", Entry: deb.Entry{Mode: fs.ModeDir | 0o755}},
		{Path: "usr/lib/x86_64-linux-gnu/ld.so.2", Host: "loader", Entry: deb.Entry{Mode: 0o755}},
		{Path: "usr/lib64/ld.so.2", Entry: deb.Entry{Mode: fs.ModeSymlink, Link: "/lib/x86_64-linux-gnu/ld.so.2"}},
		{Path: "usr/lib64/ld.so", Entry: deb.Entry{Mode: fs.ModeSymlink, Link: "ld.so.2"}},
	}
	open := func(p deb.Pick) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(p.Host)), nil }
	if err := layOut(root, picks, open); err != nil {
		t.Fatal(err)
	}
	for _, at := range []string{"lib64/ld.so", "lib64/ld.so.2", "lib/x86_64-linux-gnu/ld.so.2"} {
		path := filepath.Join(root, at)
		text, err := os.ReadFile(path)
		if string(text) != "loader" {
			t.Errorf("%s leads to %q: %v", at, text, err)
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm()&0o111 == 0 {
			t.Errorf("%s cannot be run: %v", at, err)
		}
	}
}
