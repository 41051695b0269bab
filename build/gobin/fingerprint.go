package gobin

import (
	"bytes"
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// fingerprint adds to d all files of the module in root that the package at rel
// is compiled from: those of its directory, and of every directory of the same
// module that they import, whatever build constraints say. Other modules are
// go.sum's concern. It reads imports itself because a go command takes longer
// than all the rest of a warm build.
func fingerprint(d digest, root fs.FS, module, rel string) error {
	todo, seen := []string{rel}, map[string]bool{rel: true}
	for len(todo) > 0 {
		dir := todo[0]
		todo = todo[1:]
		found, err := fingerprintPackage(d, root, dir)
		if err != nil {
			return err
		}
		for _, p := range found {
			sub, ours := strings.CutPrefix(p, module+"/")
			if p == module {
				sub, ours = ".", true
			}
			if ours && !seen[sub] {
				seen[sub] = true
				todo = append(todo, sub)
			}
		}
	}
	return nil
}

// fingerprintPackage adds one directory and returns what its files import,
// sorted. Tests do not count. Where a file embeds others, patterns may reach
// any depth, so the whole tree counts.
func fingerprintPackage(d digest, root fs.FS, dir string) ([]string, error) {
	entries, err := fs.ReadDir(root, dir)
	if err != nil {
		return nil, fmt.Errorf("reading package %s: %w", dir, err)
	}
	var found []string
	embeds := false
	for _, e := range entries {
		name := path.Join(dir, e.Name())
		if e.IsDir() || strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := fs.ReadFile(root, name)
		if err != nil {
			return nil, fmt.Errorf("reading package %s: %w", dir, err)
		}
		d.bytes(name, text)
		if path.Ext(name) == ".go" {
			found = append(found, fileImports(text)...)
			embeds = embeds || bytes.Contains(text, []byte("//go:embed"))
		}
	}
	if embeds {
		if err := fingerprintTree(d, root, dir); err != nil {
			return nil, err
		}
	}
	slices.Sort(found)
	return slices.Compact(found), nil
}

// fileImports leaves a file that does not parse to the compiler, whose message
// is the better one.
func fileImports(text []byte) []string {
	f, err := parser.ParseFile(token.NewFileSet(), "", text, parser.ImportsOnly)
	if err != nil {
		return nil
	}
	var list []string
	for _, spec := range f.Imports {
		if p, err := strconv.Unquote(spec.Path.Value); err == nil {
			list = append(list, p)
		}
	}
	return list
}

func fingerprintTree(d digest, root fs.FS, dir string) error {
	return fs.WalkDir(root, dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		text, err := fs.ReadFile(root, name)
		d.bytes("tree "+name, text)
		return err
	})
}

// moduleFiles returns go.mod and go.sum of a checkout; a module without
// dependencies has no go.sum.
func moduleFiles(checkout string) (goMod, goSum []byte, err error) {
	goMod, err = os.ReadFile(filepath.Join(checkout, "go.mod"))
	if err != nil {
		return nil, nil, fmt.Errorf("reading the checkout of uinit: %w", err)
	}
	goSum, err = os.ReadFile(filepath.Join(checkout, "go.sum"))
	if err != nil && !os.IsNotExist(err) {
		return nil, nil, fmt.Errorf("reading the checkout of uinit: %w", err)
	}
	return goMod, goSum, nil
}
