package slack

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Whatever uinit starts it starts by this package: by os/exec's own methods a program would have the mercy of the OOM
// killer, and timers that are late.
func TestNothingIsStartedOtherwise(t *testing.T) {
	starting := []string{"Start", "Run", "Output", "CombinedOutput"}
	looked := 0
	err := filepath.WalkDir("..", func(path string, e fs.DirEntry, err error) error {
		if err == nil && e.Name() == "testdata" {
			return filepath.SkipDir
		}
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		files := token.NewFileSet()
		f, err := parser.ParseFile(files, path, nil, 0)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(f.Imports, func(i *ast.ImportSpec) bool { return i.Path.Value == `"os/exec"` }) {
			return nil
		}
		looked++
		ast.Inspect(f, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) > 0 {
				return true // a command's methods take no arguments
			}
			if method, ok := call.Fun.(*ast.SelectorExpr); ok && slices.Contains(starting, method.Sel.Name) {
				t.Errorf("%s: %s starts a program with what is uinit's alone; accepted: slack.%s", files.Position(call.Pos()), method.Sel.Name, method.Sel.Name)
			}
			return true
		})
		return nil
	})
	if err != nil || looked < 10 {
		t.Errorf("%d files that start programs were looked at: %v", looked, err)
	}
}
