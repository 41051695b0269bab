package defaults

import (
	"go/ast"
	"go/token"
	"go/types"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/go/packages"
)

const module = "github.com/imgbuild/imgbuild/"

// guards are files that look whether a key with a default was left out, and put nothing in its place.
var guards = map[string]string{
	"internal/spec/array.go":    "a pointer of a row that nobody filled is not followed",
	"internal/profile/media.go": "a pointer of a profile that nobody filled is not followed",
}

// A default stands in the schema alone: who reads a key that has one does not ask whether it was left out, and puts nothing in
// its place.
func TestDefaultsAreWrittenOnce(t *testing.T) {
	list, err := exec.Command("go", "list", "-f", "{{.ImportPath}} {{join .Deps \" \"}}", module+"...").Output()
	if err != nil {
		t.Fatalf("listing packages: %v", err)
	}
	var readers []string // of packages with defaults
	for line := range strings.Lines(string(list)) {
		if words := strings.Fields(line); strings.Contains(line, module+"internal/spec") || strings.Contains(line, module+"internal/check") {
			readers = append(readers, words[0])
		}
	}
	loaded, err := packages.Load(&packages.Config{Mode: packages.LoadSyntax}, readers...)
	if err != nil {
		t.Fatal(err)
	}
	reads, used := 0, map[string]bool{}
	for _, p := range loaded {
		for _, err := range p.Errors {
			t.Errorf("%s: %v", p.PkgPath, err)
		}
		for _, f := range p.Syntax {
			n, places := fallbacks(p.TypesInfo, f)
			reads += n
			for _, at := range places {
				place := p.Fset.Position(at)
				if file := strings.TrimPrefix(p.PkgPath, module) + "/" + filepath.Base(place.Filename); guards[file] != "" {
					used[file] = true
					continue
				}
				t.Errorf("%s: a fallback for a key that has its default in the schema; accepted: the value as it is, of a machine that defaults.Fill has filled", place)
			}
		}
	}
	for file := range guards {
		if !used[file] {
			t.Errorf("%s has a reason for what it does not do any more", file)
		}
	}
	if reads < 50 {
		t.Errorf("only %d reads of keys with defaults were found", reads)
	}
}

// fallbacks counts where a file reads fields that have defaults, and finds where it looks whether one was left out.
func fallbacks(info *types.Info, file *ast.File) (reads int, places []token.Pos) {
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			if hasDefault(info, n) {
				reads++
			}
		case *ast.BinaryExpr: // v.Format == "", c.Port != 0
			if n.Op == token.EQL || n.Op == token.NEQ {
				if hasDefault(info, n.X) && isZero(info, n.Y) || hasDefault(info, n.Y) && isZero(info, n.X) {
					places = append(places, n.Pos())
				}
			}
		case *ast.CallExpr: // cmp.Or(c.Port, 22), max(v.VCPUs, 1)
			if name := called(n.Fun); name == "Or" || name == "max" && slices.ContainsFunc(n.Args, isLiteral) {
				if slices.ContainsFunc(n.Args, func(arg ast.Expr) bool { return hasDefault(info, arg) }) {
					places = append(places, n.Pos())
				}
			}
		case *ast.SwitchStmt: // switch n.Model { case "": …
			for _, clause := range n.Body.List {
				for _, e := range clause.(*ast.CaseClause).List {
					if n.Tag != nil && hasDefault(info, n.Tag) && isZero(info, e) {
						places = append(places, e.Pos())
					}
				}
			}
		}
		return true
	})
	return reads, places
}

func called(fun ast.Expr) string {
	switch f := ast.Unparen(fun).(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		return f.Sel.Name
	}
	return ""
}

func isLiteral(e ast.Expr) bool {
	_, ok := ast.Unparen(e).(*ast.BasicLit)
	return ok
}

// hasDefault says whether an expression is a field with a default in its tag, converted or not.
func hasDefault(info *types.Info, e ast.Expr) bool {
	e = ast.Unparen(e)
	if call, ok := e.(*ast.CallExpr); ok && len(call.Args) == 1 && info.Types[call.Fun].IsType() {
		return hasDefault(info, call.Args[0])
	}
	if star, ok := e.(*ast.StarExpr); ok {
		return hasDefault(info, star.X)
	}
	sel, ok := e.(*ast.SelectorExpr)
	if !ok || info.Selections[sel] == nil || info.Selections[sel].Kind() != types.FieldVal {
		return false
	}
	t, tag := info.Selections[sel].Recv(), ""
	for _, i := range info.Selections[sel].Index() {
		if p, ok := t.Underlying().(*types.Pointer); ok {
			t = p.Elem()
		}
		s := t.Underlying().(*types.Struct)
		t, tag = s.Field(i).Type(), s.Tag(i)
	}
	return reflect.StructTag(tag).Get("default") != ""
}

// isZero says whether an expression is what a field holds that was left out.
func isZero(info *types.Info, e ast.Expr) bool {
	v := info.Types[e]
	return v.IsNil() || v.Value != nil && (v.Value.ExactString() == "0" || v.Value.ExactString() == `""`)
}
