package needed

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
)

func TestRead(t *testing.T) {
	list, err := read(strings.NewReader("# why\n\nfdisk sfdisk\novmf /a/b /c\n  mount\tlosetup  \n"))
	want := map[string]string{"sfdisk": "fdisk", "/a/b": "ovmf", "/c": "ovmf", "losetup": "mount"}
	if err != nil || !reflect.DeepEqual(list, want) {
		t.Errorf("%v, %v, want %v", list, err, want)
	}
	for text, want := range map[string]string{
		"a b\na2 c\nx\n":   ".ci/tools:3: nothing is used of x; accepted: PACKAGE PROGRAM-OR-FILE…",
		"a tool\nb tool\n": ".ci/tools:2: tool is in a already",
		"a tool tool\n":    ".ci/tools:1: tool is in a already",
	} {
		if _, err := read(strings.NewReader(text)); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

// failing is a test that is to fail, and says so.
type failing struct {
	testing.TB
	said string
}

func (f *failing) Helper() {}
func (f *failing) Fatal(args ...any) {
	f.said = fmt.Sprint(args...)
	runtime.Goexit()
}
func (f *failing) Fatalf(format string, args ...any) { f.Fatal(fmt.Sprintf(format, args...)) }

// says is what a test ends with that asks for something.
func says(ask func(testing.TB) string) (path, said string) {
	f := &failing{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		path = ask(f)
	}()
	<-done
	return path, f.said
}

// What is missing fails a test, and so does asking for what nobody installs.
func TestMissing(t *testing.T) {
	old := folder
	t.Cleanup(func() { folder = old })
	folder = filepath.Join(t.TempDir(), "deep", "in", "it")
	bin := t.TempDir()
	t.Setenv("PATH", bin)
	here, nowhere := filepath.Join(bin, "here"), filepath.Join(bin, "nowhere")
	if _, said := says(func(t testing.TB) string { return Program(t, "here") }); !strings.HasPrefix(said, "reading the list of tools that tests need: no .ci/tools in ") {
		t.Errorf("without a list: %q", said)
	}
	list := filepath.Join(folder, "../../.ci/tools")
	for _, err := range []error{os.MkdirAll(folder, 0o755), os.MkdirAll(filepath.Dir(list), 0o755),
		os.WriteFile(list, []byte("pkg here gone "+here+" "+nowhere+"\nmount losetup-of-nobody\n"), 0o644), os.WriteFile(here, []byte("#!/bin/sh\n"), 0o755)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		ask        func(testing.TB) string
		path, said string
	}{
		{func(t testing.TB) string { return Program(t, "here") }, here, ""},
		{func(t testing.TB) string { return File(t, here) }, here, ""},
		{func(t testing.TB) string { return Program(t, "gone") }, "", "gone is not installed (Debian package pkg): .ci/install installs it"},
		{func(t testing.TB) string { return File(t, nowhere) }, "", "stat " + nowhere + ": no such file or directory (Debian package pkg): .ci/install installs it"},
		{func(t testing.TB) string { return Program(t, "sh") }, "", "sh is not in .ci/tools, so .ci/install does not install it"},
		{func(t testing.TB) string { return File(t, "/dev/null") }, "", "/dev/null is not in .ci/tools, so .ci/install does not install it"},
	} {
		if path, said := says(c.ask); path != c.path || said != c.said {
			t.Errorf("%q, %q; want %q, %q", path, said, c.path, c.said)
		}
	}
}

// A test that looks for a program by itself could skip where there is none.
func TestNobodyElseLooks(t *testing.T) {
	list, err := List()
	if err != nil {
		t.Fatal(err)
	}
	asked := 0
	err = filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") && !strings.HasSuffix(path, "test/"+d.Name()) || !strings.HasSuffix(path, ".go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			s, ok := call.Fun.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			switch x, _ := s.X.(*ast.Ident); {
			case x == nil:
			case x.Name == "exec" && s.Sel.Name == "LookPath":
				t.Errorf("%s looks for a program by itself; accepted: needed.Program, which fails where there is none", path)
			case x.Name == "needed" && len(call.Args) == 2:
				asked++
				// A name that stands there must be in the list, also where this test does not run.
				if name, ok := call.Args[1].(*ast.BasicLit); ok && list[strings.Trim(name.Value, `"`)] == "" {
					t.Errorf("%s needs %s, which is not in .ci/tools", path, name.Value)
				}
			}
			return true
		})
		return nil
	})
	if err != nil || asked < 20 {
		t.Errorf("%d questions in all, %v", asked, err)
	}
}
