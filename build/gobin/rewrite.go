package gobin

import (
	"context"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/u-root/gobusybox/src/pkg/bb/bbinternal"
	"golang.org/x/tools/go/packages"
)

// registry is the package in which rewritten commands register themselves.
const registry = "github.com/u-root/gobusybox/src/pkg/bb/bbmain"

// rewrite turns main packages, seen from the module in dir, into packages below
// dir/cmd that do nothing until they are called. It returns the originals.
//
// The rewriting itself is gobusybox's. Its own generator loads the source of
// every dependency and lays out a GOPATH; we give it types from the compiler's
// export data instead, so the dependencies are compiled once, for both.
func rewrite(ctx context.Context, t toolchain, dir string, paths []string) ([]goPackage, error) {
	mains, err := t.list(ctx, dir, nil, paths...)
	if err != nil {
		return nil, err
	}
	imp, err := exportImporter(ctx, t, dir, mains)
	if err != nil {
		return nil, err
	}
	for _, main := range mains {
		if err := rewriteOne(imp, main, filepath.Join(dir, "cmd", path.Base(main.ImportPath))); err != nil {
			return nil, fmt.Errorf("rewriting command %s: %w", main.ImportPath, err)
		}
	}
	return mains, nil
}

// imports reads types of packages that fset's files import.
type imports struct {
	fset *token.FileSet
	types.Importer
}

// exportImporter compiles what the commands import.
func exportImporter(ctx context.Context, t toolchain, dir string, mains []goPackage) (imports, error) {
	wanted := map[string]bool{}
	for _, main := range mains {
		for _, p := range main.Imports {
			if p != "unsafe" {
				wanted[p] = true
			}
		}
	}
	deps, err := t.list(ctx, dir, []string{"-export"}, slices.Sorted(maps.Keys(wanted))...)
	if err != nil {
		return imports{}, err
	}
	files := map[string]string{}
	for _, p := range deps {
		files[p.ImportPath] = p.Export
	}
	fset := token.NewFileSet()
	return imports{fset, importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) {
		if files[path] == "" {
			return nil, fmt.Errorf("BUG: no export data of %s", path)
		}
		return os.Open(files[path])
	})}, nil
}

func rewriteOne(imp imports, p goPackage, dest string) error {
	pkg := &packages.Package{
		Name: "main", PkgPath: p.ImportPath, Fset: imp.fset,
		GoFiles: under(p.Dir, p.GoFiles), EmbedFiles: under(p.Dir, p.EmbedFiles),
		TypesInfo: &types.Info{
			Types: map[ast.Expr]types.TypeAndValue{},
			// Import names are looked up in the scopes of files.
			Scopes: map[ast.Node]*types.Scope{},
		},
	}
	for _, file := range pkg.GoFiles {
		f, err := parser.ParseFile(imp.fset, file, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		pkg.Syntax = append(pkg.Syntax, f)
	}
	var err error
	check := types.Config{Importer: imp, Sizes: types.SizesFor("gc", "amd64")}
	if pkg.Types, err = check.Check(p.ImportPath, imp.fset, pkg.Syntax, pkg.TypesInfo); err != nil {
		return err
	}
	return bbinternal.NewPackage(p.ImportPath, pkg).Rewrite(dest, registry)
}

func under(dir string, names []string) []string {
	var paths []string
	for _, n := range names {
		paths = append(paths, filepath.Join(dir, n))
	}
	return paths
}
