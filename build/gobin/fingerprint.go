package gobin

import (
	"bytes"
	"fmt"
	"go/scanner"
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
func fingerprint(d digest, root *sourceDir, module, rel string) error {
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
func fingerprintPackage(d digest, root *sourceDir, dir string) ([]string, error) {
	entries, err := root.ReadDir(dir)
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
		text, err := root.read(name)
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

// fileImports leaves a file that does not parse to the compiler, whose message is the better one. It reads words, not syntax:
// a parser makes a tree of what is thrown away, for hundreds of files.
func fileImports(text []byte) (list []string) {
	var words scanner.Scanner
	words.Init(token.NewFileSet().AddFile("", -1, len(text)), text, nil, 0)
	for importing, several := false, false; ; {
		switch _, word, literal := words.Scan(); {
		case word == token.PACKAGE, !importing && word == token.IDENT: // the file's first words
		case word == token.IMPORT:
			importing = true
		case word == token.SEMICOLON:
			importing = several
		case !importing, word == token.EOF:
			return list // imports come before everything else
		case word == token.LPAREN, word == token.RPAREN:
			several = word == token.LPAREN
		case word == token.STRING:
			if p, err := strconv.Unquote(literal); err == nil {
				list = append(list, p)
			}
		}
	}
}

func fingerprintTree(d digest, root *sourceDir, dir string) error {
	return fs.WalkDir(root, dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		text, err := root.read(name)
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
