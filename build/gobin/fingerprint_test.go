package gobin

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

func TestFingerprint(t *testing.T) {
	base := map[string]string{
		"uinit/main.go":   "package main\nimport \"m/dev\"\nimport \"other/uinit\"\n",
		"dev/dev.go":      "package dev\nimport (\n\t_ \"embed\"\n\t\"m/dev/sub\"\n)\n//go:embed data\nvar x string\n",
		"dev/data/deep/a": "1",
		"dev/sub/s.go":    "package sub\nimport \"m\"\n",
		"root.go":         "package m\n",
		"dev/unused/u.go": "package unused\n",
		"build/b.go":      "package build\n",
	}
	key := func(change map[string]string) string {
		t.Helper()
		root := fstest.MapFS{}
		for _, files := range []map[string]string{base, change} {
			for name, text := range files {
				root[name] = &fstest.MapFile{Data: []byte(text)}
			}
		}
		d := newDigest("test")
		if err := fingerprint(d, onDisk(t, root), "m", "uinit"); err != nil {
			t.Fatal(err)
		}
		return d.key()
	}
	want := key(nil)
	tests := []struct {
		name    string
		change  map[string]string
		differs bool
	}{
		{"nothing", nil, false},
		{"the program", map[string]string{"uinit/main.go": base["uinit/main.go"] + "// x\n"}, true},
		{"an import", map[string]string{"dev/dev.go": base["dev/dev.go"] + "// x\n"}, true},
		{"an import's import", map[string]string{"dev/sub/s.go": base["dev/sub/s.go"] + "// x\n"}, true},
		{"the root package", map[string]string{"root.go": "package m // x\n"}, true},
		{"assembly", map[string]string{"dev/sub/s_amd64.s": "TEXT"}, true},
		{"an embedded file", map[string]string{"dev/data/deep/a": "2"}, true},
		{"a new embedded file", map[string]string{"dev/data/new/b": ""}, true},
		{"a test", map[string]string{"uinit/main_test.go": "package main\nimport \"m/build\"\n"}, false},
		{"what nothing imports", map[string]string{"build/b.go": "package build // x\n"}, false},
		{"syntax", map[string]string{"uinit/bad.go": "pack age"}, true},
	}
	for _, tt := range tests {
		if got := key(tt.change); (got != want) != tt.differs {
			t.Errorf("changing %s: the key differs: %v, want %v", tt.name, got != want, tt.differs)
		}
	}
}

func onDisk(t *testing.T, files fstest.MapFS) *sourceDir {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, files); err != nil {
		t.Fatal(err)
	}
	return newSourceDir(dir)
}

func TestFingerprintMissingPackage(t *testing.T) {
	root := fstest.MapFS{"uinit/main.go": {Data: []byte("package main\nimport \"m/gone\"\n")}}
	if err := fingerprint(newDigest("test"), onDisk(t, root), "m", "uinit"); err == nil {
		t.Error("a missing package is no error")
	}
}

// What the compiler's parser finds is what counts.
func TestFileImports(t *testing.T) {
	texts := map[string]string{
		"none":     "package p\nfunc f() { g(\"m/x\") }\n",
		"forms":    "// text\n/* import \"m/x\" */ package p; import \"a\"\nimport (\n\t. \"b\"; _ `c`\n\tx \"d\"\n)\nimport ()\nimport y \"e\"\nvar s = \"m/x\"\n",
		"constant": "package p\nimport \"a\"\nconst (\n\tx = \"m/x\"\n)\n",
		"ends":     "package p\nimport (\n\t\"a\"\n)",
	}
	for _, dir := range []string{"../../uinit", "../../internal"} {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || filepath.Ext(path) != ".go" || strings.Contains(path, "testdata") {
				return err
			}
			text, err := os.ReadFile(path)
			texts[path] = string(text)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range texts {
		f, err := parser.ParseFile(token.NewFileSet(), name, text, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		var want []string
		for _, spec := range f.Imports {
			p, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			want = append(want, p)
		}
		if got := fileImports([]byte(text)); !slices.Equal(got, want) {
			t.Errorf("%s imports %q, want %q", name, got, want)
		}
	}
	for _, text := range []string{"", "import", "package p\nimport (\"a", "package p\nimport (\"a\"", "pack age", "\x00"} {
		fileImports([]byte(text)) // comes to an end
	}
}

// Parts must not run together to the same key.
func TestDigestSeparatesParts(t *testing.T) {
	a, b := newDigest("x"), newDigest("x")
	a.text("ab", "c")
	b.text("a", "bc")
	if a.key() == b.key() {
		t.Error("the same key for different parts")
	}
}
