package gobin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// goPackage is what we read of "go list -json".
type goPackage struct {
	ImportPath string
	Dir        string
	Export     string // compiled export data, with -export
	GoFiles    []string
	EmbedFiles []string
	Imports    []string
	Module     *struct{ Path, Version string }
	Error      *struct{ Err string }
}

// list runs go list on packages as seen from the module in dir; go list itself
// would take no packages for the one in dir.
func (t toolchain) list(ctx context.Context, dir string, flags []string, packages ...string) ([]goPackage, error) {
	if len(packages) == 0 {
		return nil, nil
	}
	args := []string{"list", "-json=ImportPath,Dir,Export,GoFiles,EmbedFiles,Imports,Module,Error"}
	args = append(append(args, flags...), compileFlags...)
	out, err := t.run(ctx, dir, append(append(args, "--"), packages...)...)
	if err != nil {
		return nil, err
	}
	var list []goPackage
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p goPackage
		switch err := dec.Decode(&p); {
		case errors.Is(err, io.EOF):
			return list, nil
		case err != nil:
			return nil, fmt.Errorf("reading the answer of go list: %w", err)
		case p.Error != nil:
			return nil, fmt.Errorf("listing package %s: %s", p.ImportPath, strings.TrimSpace(p.Error.Err))
		}
		list = append(list, p)
	}
}
