package gobin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// Sources has use read what programs were compiled from, below dirs: each module, which is fetched where it is not here and has the
// hash of go.sum, by its path and version, and Go's own tree by the name "go". It runs the go command.
func (b *Builder) Sources(ctx context.Context, modules []Module, use func(dirs map[string]string) error) error {
	src, err := b.source()
	if err != nil {
		return err
	}
	r := src.release
	if src.checkout != "" {
		if r.goMod, r.goSum, err = moduleFiles(src.checkout); err != nil {
			return err
		}
	}
	t, err := b.toolchain(ctx, r.goMod)
	if err != nil {
		return err
	}
	return inScratch(func(work string) error {
		if err := r.writeModule(work, "sources.imgbuild.invalid"); err != nil {
			return err
		}
		root, err := t.run(ctx, work, "env", "GOROOT")
		if err != nil {
			return err
		}
		dirs := map[string]string{"go": strings.TrimSpace(string(root))}
		if len(modules) > 0 {
			if err := t.download(ctx, work, modules, dirs); err != nil {
				return err
			}
		}
		return use(dirs)
	})
}

// download adds to dirs where modules lie.
func (t toolchain) download(ctx context.Context, work string, modules []Module, dirs map[string]string) error {
	args := []string{"mod", "download", "-json"}
	want := map[string]string{}
	for _, m := range modules {
		args = append(args, m.String())
		want[m.String()] = m.Sum
	}
	out, err := t.run(ctx, work, args...)
	if err != nil {
		return err
	}
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var m struct {
			Module
			Dir, Error string
		}
		switch err := dec.Decode(&m); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("reading the answer of go mod download: %w", err)
		case m.Error != "":
			return fmt.Errorf("fetching module %s: %s", m.Module, m.Error)
		case want[m.String()] != "" && want[m.String()] != m.Sum:
			return fmt.Errorf("module %s has the hash %s, and was compiled with %s", m.Module, m.Sum, want[m.String()])
		}
		dirs[m.String()] = m.Dir
	}
}

// String is the module as the go command takes it: path@version.
func (m Module) String() string { return m.Path + "@" + m.Version }

// License returns Go's own licence files out of its tree; some distributions leave them out.
func License(root string) (files map[string][]byte, err error) {
	files = map[string][]byte{}
	for _, name := range []string{"LICENSE", "PATENTS"} {
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
		if err == nil {
			files[name] = text
		}
	}
	return files, nil
}
