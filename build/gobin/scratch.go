package gobin

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/modfile"
)

// release is a published version of a module with what it needs to be built.
// The zero version means: only its requirements are wanted, not itself.
type release struct {
	path, version string
	// sum is the module's hash as in go.sum.
	sum          string
	goMod, goSum []byte
}

// writeModule makes dir a module called name that selects the same version of
// everything as r does: r's requirements include the indirect ones, so module
// graph pruning (https://go.dev/ref/mod#graph-pruning) needs no more than them.
func (r release) writeModule(dir, name string) error {
	mod, sum, err := r.module(name)
	if err != nil {
		return fmt.Errorf("preparing the module %s: %w", name, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), mod, 0o644); err != nil {
		return fmt.Errorf("preparing the module %s: %w", name, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "go.sum"), sum, 0o644); err != nil {
		return fmt.Errorf("preparing the module %s: %w", name, err)
	}
	return nil
}

func (r release) module(name string) (mod, sum []byte, err error) {
	f, err := modfile.Parse("go.mod", r.goMod, nil)
	if err != nil {
		return nil, nil, err
	}
	if err := f.AddModuleStmt(name); err != nil {
		return nil, nil, err
	}
	sum = r.goSum
	if r.version != "" {
		if err := f.AddRequire(r.path, r.version); err != nil {
			return nil, nil, err
		}
		sum = fmt.Appendf(nil, "%s%s %s %s\n%s %s/go.mod %s\n", r.goSum, r.path, r.version, r.sum, r.path, r.version, goModSum(r.goMod))
	}
	f.Cleanup()
	mod, err = f.Format()
	return mod, sum, err
}

// goModSum is the "h1:" hash of a go.mod in go.sum: a hash over a list of one
// file (https://go.dev/ref/mod#go-sum-files, golang.org/x/mod/sumdb/dirhash).
func goModSum(goMod []byte) string {
	list := fmt.Sprintf("%x  go.mod\n", sha256.Sum256(goMod))
	h := sha256.Sum256([]byte(list))
	return "h1:" + base64.StdEncoding.EncodeToString(h[:])
}

// sumOf looks a module up in a go.sum; empty if it is not there.
func sumOf(goSum []byte, path, version string) string {
	for line := range strings.Lines(string(goSum)) {
		if f := strings.Fields(line); len(f) == 3 && f[0] == path && f[1] == version {
			return f[2]
		}
	}
	return ""
}
