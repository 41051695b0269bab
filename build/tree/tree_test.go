package tree_test

import (
	"errors"
	"io/fs"
	"slices"
	"testing"

	"github.com/imgbuild/imgbuild/build/tree"
)

func file(p, body, why string) tree.File {
	return tree.File{Path: p, Mode: 0o644, Body: []byte(body), Why: why}
}

func TestAdd(t *testing.T) {
	dir := tree.File{Path: "a", Mode: fs.ModeDir | 0o700, Why: "base"}
	link := tree.File{Path: "a", Mode: fs.ModeSymlink, Link: "b", Why: "base"}
	hashed := tree.File{Path: "a", Mode: 0o644, Size: 2, Why: "kmod",
		From: tree.Source{Store: "kernel", Path: "a", SHA256: "8f434346648f6b96df89dda901c5176b10a6d83961dd3c1ac88b59b2dc327aa4"}} // "hi"
	unhashed := hashed
	unhashed.From.SHA256 = ""
	elsewhere := unhashed
	elsewhere.From.Host = "/another/place"

	for _, test := range []struct {
		name  string
		files []tree.File
		want  []string // paths
		err   string
	}{
		{"parents are implied", []tree.File{file("a/b/c", "x", "w")}, []string{"a", "a/b", "a/b/c"}, ""},
		{"parents come first", []tree.File{file("a-b", "", "w"), file("a/b", "", "w"), file("a.b", "", "w")}, []string{"a", "a-b", "a.b", "a/b"}, ""},
		{"same file twice", []tree.File{file("a", "x", "one"), file("a", "x", "two")}, []string{"a"}, ""},
		{"other content", []tree.File{file("a", "x", "one"), file("a", "yz", "two")}, nil,
			"two files want to be a: a file 0644 of 1 bytes (one) and a file 0644 of 2 bytes (two)"},
		{"body equal to a hashed source", []tree.File{hashed, file("a", "hi", "two")}, []string{"a"}, ""},
		{"body against an unhashed source", []tree.File{unhashed, file("a", "hi", "two")}, nil,
			"two files want to be a: a file 0644 of 2 bytes (kmod, from kernel: a) and a file 0644 of 2 bytes (two)"},
		{"same source, other place", []tree.File{unhashed, elsewhere}, []string{"a"}, ""},
		{"explicit after implied directory", []tree.File{file("a/b", "", "w"), dir}, []string{"a", "a/b"}, ""},
		{"directory modes differ", []tree.File{dir, {Path: "a", Mode: fs.ModeDir | 0o755, Why: "ssh"}}, nil,
			"two files want to be a: a directory 0700 (base) and a directory 0755 (ssh)"},
		{"file under a link", []tree.File{link, file("a/b", "", "w")}, nil,
			"a is wanted as a link to b (base) and as a directory for a/b (w)"},
		{"link over a directory", []tree.File{file("a/b", "", "w"), link}, nil,
			"two files want to be a: a directory 0755 (holds a/b) and a link to b (base)"},
		{"device numbers differ", []tree.File{
			{Path: "n", Mode: fs.ModeDevice | fs.ModeCharDevice | 0o600, Major: 5, Minor: 1, Why: "one"},
			{Path: "n", Mode: fs.ModeDevice | fs.ModeCharDevice | 0o600, Major: 1, Minor: 3, Why: "two"}}, nil,
			"two files want to be n: character device 5:1 0600 (one) and character device 1:3 0600 (two)"},
	} {
		t.Run(test.name, func(t *testing.T) {
			tr := tree.New()
			var err error
			for _, f := range test.files {
				if err = tr.Add(f); err != nil {
					break
				}
			}
			if test.err != "" {
				var conflict *tree.ConflictError
				if !errors.As(err, &conflict) || err.Error() != test.err {
					t.Fatalf("got  %v\nwant %s", err, test.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := paths(tr.Files()); !slices.Equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func paths(files []tree.File) (out []string) {
	for _, f := range files {
		out = append(out, f.Path)
	}
	return out
}

func TestFailedAddLeavesTheTree(t *testing.T) {
	tr := tree.New()
	if err := tr.Add(file("a", "", "w")); err != nil {
		t.Fatal(err)
	}
	if err := tr.Add(file("a/b/c", "", "w")); err == nil {
		t.Fatal("a file below a file was accepted")
	}
	if len(tr.Files()) != 1 {
		t.Errorf("the tree holds %q", paths(tr.Files()))
	}
}

func TestInvalid(t *testing.T) {
	for name, f := range map[string]tree.File{
		"absolute":          {Path: "/a"},
		"climbs":            {Path: "../a"},
		"not clean":         {Path: "a//b"},
		"root":              {Path: "."},
		"empty":             {},
		"NUL":               {Path: "a\x00b"},
		"link, no target":   {Path: "a", Mode: fs.ModeSymlink},
		"target, no link":   {Path: "a", Link: "b"},
		"socket":            {Path: "a", Mode: fs.ModeSocket},
		"directory content": {Path: "a", Mode: fs.ModeDir, Body: []byte("x")},
		"two contents":      {Path: "a", Body: []byte("x"), From: tree.Source{Store: "go"}},
		"negative size":     {Path: "a", Size: -1, From: tree.Source{Store: "go"}},
	} {
		var invalid *tree.InvalidError
		if err := tree.New().Add(f); !errors.As(err, &invalid) {
			t.Errorf("%s: got %v, want an InvalidError", name, err)
		}
	}
}

func TestReplace(t *testing.T) {
	tr := tree.New()
	for _, f := range []tree.File{file("etc/motd", "built", "base"), file("d/x", "", "base")} {
		if err := tr.Add(f); err != nil {
			t.Fatal(err)
		}
	}
	if err := tr.Replace(file("etc/motd", "mine", "overlay site")); err != nil {
		t.Fatal(err)
	}
	if f, _ := tr.Lookup("etc/motd"); string(f.Body) != "mine" || f.Size != 4 || f.Why != "overlay site" {
		t.Errorf("got %+v", f)
	}
	if err := tr.Replace(file("new/file", "", "overlay site")); err != nil {
		t.Error(err)
	}
	var conflict *tree.ConflictError
	if err := tr.Replace(file("d", "", "overlay site")); !errors.As(err, &conflict) || conflict.A.Path != "d/x" {
		t.Errorf("a full directory became a file: %v", err)
	}
	if err := tr.Replace(file("etc/motd/x", "", "overlay site")); !errors.As(err, &conflict) || conflict.Path != "etc/motd" {
		t.Errorf("a file became a directory: %v", err)
	}
}
