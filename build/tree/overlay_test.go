package tree_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"syscall"
	"testing"
	"testing/fstest"

	"github.com/imgbuild/imgbuild/build/tree"
)

func TestFromFS(t *testing.T) {
	dir := t.TempDir()
	must(t, os.MkdirAll(filepath.Join(dir, "etc/init.d"), 0o700))
	must(t, os.MkdirAll(filepath.Join(dir, "srv"), 0o700))
	must(t, os.WriteFile(filepath.Join(dir, "srv/.gitkeep"), nil, 0o600))
	must(t, os.WriteFile(filepath.Join(dir, "etc/motd"), []byte("hi"), 0o600))
	must(t, os.WriteFile(filepath.Join(dir, "etc/init.d/run"), []byte("x"), 0o700))
	must(t, os.WriteFile(filepath.Join(dir, "etc/init.d/script"), []byte("#!/bin/sh\n"), 0o600))
	must(t, os.Symlink("../proc/self/mounts", filepath.Join(dir, "etc/mtab")))
	must(t, os.Symlink("/srv", filepath.Join(dir, "data")))

	files, err := tree.FromFS("site", os.DirFS(dir))
	must(t, err)
	type brief struct {
		Path string
		Mode fs.FileMode
		Link string
		Size int64
	}
	var got []brief
	for _, f := range files {
		if f.Way {
			continue
		}
		got = append(got, brief{f.Path, f.Mode, f.Link, f.Size})
		if f.Why != "overlay site" {
			t.Errorf("%s: Why is %q", f.Path, f.Why)
		}
	}
	want := []brief{
		{"data", fs.ModeSymlink | 0o777, "/srv", 0},
		{"etc/init.d/run", 0o755, "", 1},
		{"etc/init.d/script", 0o755, "", 10},
		{"etc/motd", 0o644, "", 2},
		{"etc/mtab", fs.ModeSymlink | 0o777, "../proc/self/mounts", 0},
		{"srv", fs.ModeDir | 0o755, "", 0},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	wantFrom := tree.Source{Store: "overlay", Name: "site", Path: "etc/motd",
		SHA256: "8f434346648f6b96df89dda901c5176b10a6d83961dd3c1ac88b59b2dc327aa4"}
	own := map[string]tree.Imported{}
	for _, f := range files {
		own[f.Path] = f
	}
	if f := own["etc/motd"]; f.From != wantFrom || f.Own != 0o600 {
		t.Errorf("etc/motd comes from %+v, where it is %v", f.From, f.Own)
	}
	if d := own["etc"]; !d.Way || d.Own != 0o700 {
		t.Errorf("etc is %+v", d)
	}

	tr := tree.New()
	must(t, tr.Add(tree.File{Path: "etc", Mode: fs.ModeDir | 0o711, Why: "base"}))
	for _, f := range files {
		if !f.Way {
			must(t, tr.Add(f.File))
		}
	}
}

func TestFromFSRefuses(t *testing.T) {
	fifo := t.TempDir()
	must(t, syscall.Mkfifo(filepath.Join(fifo, "pipe"), 0o600))
	for name, test := range map[string]struct {
		fsys fs.FS
		path string
	}{
		"link that climbs": {fstest.MapFS{"etc/x": {Mode: fs.ModeSymlink, Data: []byte("../../etc/shadow")}}, "etc/x"},
		"link to above":    {fstest.MapFS{"x": {Mode: fs.ModeSymlink, Data: []byte("..")}}, "x"},
		"climbs midway":    {fstest.MapFS{"x": {Mode: fs.ModeSymlink, Data: []byte("a/../../y")}}, "x"},
		"device":           {fstest.MapFS{"x": {Mode: fs.ModeDevice}}, "x"},
		"pipe":             {os.DirFS(fifo), "pipe"},
	} {
		_, err := tree.FromFS("site", test.fsys)
		var refused *tree.OverlayError
		if !errors.As(err, &refused) || refused.Path != test.path || refused.Overlay != "site" {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestFromFSMissing(t *testing.T) {
	if _, err := tree.FromFS("site", os.DirFS(filepath.Join(t.TempDir(), "none"))); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
