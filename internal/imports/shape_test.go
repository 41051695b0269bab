package imports

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/internal/features"
)

// The roots know no feature, and stay as small as what is left for them: a new feature is a folder.
func TestRootsAreSmall(t *testing.T) {
	for root, most := range map[string]int{"../../uinit": 1000, "../../build": 1200} {
		files, err := filepath.Glob(root + "/*.go")
		if err != nil {
			t.Fatal(err)
		}
		lines, set := 0, token.NewFileSet()
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			lines += strings.Count(string(text), "\n")
			f, err := parser.ParseFile(set, name, text, 0)
			if err != nil {
				t.Fatal(err)
			}
			if root == "../../uinit" {
				ast.Inspect(f, func(n ast.Node) bool { return small(t, set, n) })
			}
		}
		if lines > most || lines == 0 {
			t.Errorf("%s has %d lines; accepted: at most %d", root, lines, most)
		}
	}
}

func small(t *testing.T, set *token.FileSet, n ast.Node) bool {
	switch n := n.(type) {
	case *ast.FuncDecl:
		if first, last := set.Position(n.Pos()).Line, set.Position(n.End()).Line; last-first >= 60 {
			t.Errorf("%s: %s has %d lines; accepted: at most 60", set.Position(n.Pos()), n.Name.Name, last-first+1)
		}
	case *ast.StructType:
		if fields := n.Fields.NumFields(); fields > 12 {
			t.Errorf("%s: a struct of %d fields; accepted: at most 12", set.Position(n.Pos()), fields)
		}
	}
	return true
}

// What is left out leaves no file behind that says so: tags stand in uinit/features alone.
func TestNoStubs(t *testing.T) {
	seen := 0
	err := filepath.WalkDir("../../uinit", func(name string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(name) != ".go" {
			return err
		}
		text, err := os.ReadFile(name)
		if err != nil || !bytes.HasPrefix(text, []byte("//go:build no")) && !bytes.HasPrefix(text, []byte("//go:build !no")) {
			return err
		}
		seen++
		if filepath.Base(filepath.Dir(name)) != "features" {
			t.Errorf("%s: has a tag; accepted: in uinit/features", name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen < 10 {
		t.Errorf("%d files have a tag", seen)
	}
}

// Each tag alone, and all of them, leave an init that compiles, without the packages that they name.
func TestTagsLeaveOut(t *testing.T) {
	gone := map[string]string{"nosyslogtls": "crypto/tls", "nodhcp6": module + "uinit/dhcp6"}
	var all []string
	for _, f := range features.All() {
		if f.Tag != "" {
			all, gone[f.Tag] = append(all, f.Tag), module+"uinit/"+f.Name
		}
		for _, part := range f.Parts {
			all = append(all, part.Tag)
		}
	}
	slices.Sort(all)
	sets := [][]string{nil, all}
	t.Run("each alone", func(t *testing.T) {
		if os.Getenv("IMGBUILD_TEST_FULL") == "" {
			t.Skip("a minute of compiling: make test-full runs it")
		}
		sets = append(sets, each(all)...)
	})
	for _, tags := range sets {
		// -export compiles, which is most of what can go wrong, and does not link.
		cmd := exec.Command("go", "list", "-export", "-deps", "-f", "{{.ImportPath}}", "-tags", strings.Join(tags, ","), "../../uinit")
		var wrong strings.Builder
		cmd.Stderr = &wrong
		out, err := cmd.Output()
		if err != nil {
			t.Errorf("tags %q: %v: %s", tags, err, &wrong)
			continue
		}
		deps := strings.Fields(string(out))
		for tag, pkg := range gone {
			if left := slices.Contains(tags, tag); slices.Contains(deps, pkg) == left {
				t.Errorf("tags %q: that %s is left out is %v", tags, pkg, !left)
			}
		}
	}
}

func each(all []string) [][]string {
	var one [][]string
	for _, s := range all {
		one = append(one, []string{s})
	}
	return one
}
