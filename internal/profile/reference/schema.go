package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strings"
)

// schema is the structs and named types of the packages that a profile is made of,
// by their name as other packages write it: spec.Console.
type schema map[string]*ast.TypeSpec

// packages that hold the schema, below the module's root.
var packages = []string{"internal/profile", "internal/spec", "internal/check"}

func readSchema(root string) (schema, error) {
	s := schema{}
	for _, dir := range packages {
		entries, err := os.ReadDir(filepath.Join(root, dir))
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
				continue
			}
			f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, dir, e.Name()), nil, parser.ParseComments)
			if err != nil {
				return nil, err
			}
			s.add(f)
		}
	}
	return s, nil
}

func (s schema) add(f *ast.File) {
	for _, d := range f.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, item := range g.Specs {
			if t, ok := item.(*ast.TypeSpec); ok {
				if t.Doc == nil {
					t.Doc = g.Doc
				}
				s[f.Name.Name+"."+t.Name.Name] = t
			}
		}
	}
}

// key is one key of a table.
type key struct {
	name, doc       string
	typ             ast.Expr
	pkg             string // the package in which typ is written
	required        bool
	preset, accepts string
	site            string // what lets site.toml have it (spec.SiteKey)
	shared          string // the struct that it is embedded by, "" for a table's own
}

// keys lists a struct's keys; those of an embedded struct follow in its place.
func (s schema) keys(name string) []key {
	pkg, _, _ := strings.Cut(name, ".")
	t, ok := s[name]
	if !ok {
		panic("BUG: no type " + name)
	}
	var out []key
	for _, f := range t.Type.(*ast.StructType).Fields.List {
		if len(f.Names) == 0 {
			for _, k := range s.keys(typeName(f.Type, pkg)) {
				k.shared = typeName(f.Type, pkg)
				out = append(out, k)
			}
			continue
		}
		if f.Tag == nil {
			continue
		}
		tag := reflect.StructTag(strings.Trim(f.Tag.Value, "`"))
		word, options, _ := strings.Cut(tag.Get("json"), ",")
		if word == "" || word == "-" {
			continue
		}
		out = append(out, key{word, strings.Join(strings.Fields(f.Doc.Text()), " "), f.Type, pkg,
			options == "", tag.Get("default"), tag.Get("accept"), tag.Get("site"), ""})
	}
	return out
}

// typeName is an expression's type as readSchema names it.
func typeName(e ast.Expr, pkg string) string {
	switch e := e.(type) {
	case *ast.Ident:
		if ast.IsExported(e.Name) {
			return pkg + "." + e.Name
		}
		return e.Name
	case *ast.SelectorExpr:
		return fmt.Sprint(e.X) + "." + e.Sel.Name
	case *ast.StarExpr:
		return typeName(e.X, pkg)
	case *ast.InterfaceType:
		return "any"
	}
	panic(fmt.Sprintf("BUG: a field of type %T", e))
}
