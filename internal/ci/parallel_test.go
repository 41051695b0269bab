package ci

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

// A test that boots lets others boot meanwhile, or all of them together take the sum of what each waits. Those that measure do not.
func TestBootsShareTheProcessors(t *testing.T) {
	files, err := filepath.Glob("../../qemu-tests/*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, path := range files {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Recv != nil || !strings.HasPrefix(f.Name.Name, "Test") || strings.HasPrefix(f.Name.Name, "TestBench") || f.Name.Name == "TestMain" {
				continue
			}
			seen++
			if !parallel(f.Body.List[0]) {
				t.Errorf("%s: %s does not begin with t.Parallel()", path, f.Name.Name)
			}
		}
	}
	if seen < 50 {
		t.Errorf("there are but %d", seen)
	}
}

// parallel says whether a statement is t.Parallel().
func parallel(s ast.Stmt) bool {
	e, ok := s.(*ast.ExprStmt)
	if !ok {
		return false
	}
	call, ok := e.X.(*ast.CallExpr)
	if !ok {
		return false
	}
	f, ok := call.Fun.(*ast.SelectorExpr)
	return ok && f.Sel.Name == "Parallel"
}
