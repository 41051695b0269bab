package gobin

import (
	"cmp"
	"crypto/sha256"
	"debug/buildinfo"
	"debug/elf"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/imgbuild/imgbuild/build/cache"
)

// Binary is a compiled program.
type Binary struct {
	// Path is absolute.
	Path string `json:"-"`
	// SHA256 is in hexadecimal.
	SHA256 string `json:"sha256"`
	// Size is in bytes.
	Size int64 `json:"size"`
	// GoVersion is the toolchain's, such as "go1.26.8"; empty for a prebuilt
	// program that is not written in Go.
	GoVersion string `json:"go,omitempty"`
	// Modules are the modules compiled in, sorted by path: published ones, so
	// neither a checkout nor generated code.
	Modules []Module `json:"modules,omitempty"`
}

// Module is one Go module of a program.
type Module struct {
	Path    string `json:"path"`
	Version string `json:"version"`
	// Sum is the hash that go.sum gives ("h1:…").
	Sum string `json:"sum,omitempty"`
}

// Files of a cache entry: the program, and what is known of it.
const (
	programFile = "program"
	recordFile  = "program.json"
)

// save finishes a cache entry: the program's mode, and a record that spares
// the next build from reading the program. Sources are modules whose code was
// copied into the program's main module, which its build information omits.
func save(dir string, sources []Module) error {
	program := filepath.Join(dir, programFile)
	if err := os.Chmod(program, 0o755); err != nil {
		return fmt.Errorf("recording a program: %w", err)
	}
	b, err := inspect(program)
	if err != nil {
		return err
	}
	for _, m := range sources {
		if !slices.ContainsFunc(b.Modules, func(have Module) bool { return have.Path == m.Path }) {
			b.Modules = append(b.Modules, m)
		}
	}
	sortModules(b.Modules)
	record, err := json.Marshal(b)
	if err != nil {
		return fmt.Errorf("recording a program: %w", err)
	}
	return os.WriteFile(filepath.Join(dir, recordFile), record, 0o644)
}

// load reads what a cache entry says of its program. The program itself is read by those who
// use it, and compared with its hash then.
func load(e *cache.Entry) (Binary, error) {
	var b Binary
	record, err := e.Read(recordFile)
	if err != nil {
		return b, fmt.Errorf("reading a cached program: %w", err)
	}
	if err := json.Unmarshal(record, &b); err != nil {
		return b, fmt.Errorf("reading a cached program: %s: %w", filepath.Join(e.Dir, recordFile), err)
	}
	b.Path = filepath.Join(e.Dir, programFile)
	f, err := e.Open(programFile) // is it there at all
	if err != nil {
		return b, fmt.Errorf("reading a cached program: %w", err)
	}
	return b, f.Close()
}

// inspect describes a program file; only a static one for this architecture is
// accepted, because an image has no C library unless packages bring one.
func inspect(path string) (Binary, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return Binary{}, fmt.Errorf("reading a program: %w", err)
	}
	f, err := os.Open(path)
	if err != nil {
		return Binary{}, fmt.Errorf("reading a program: %w", err)
	}
	defer f.Close()
	if err := checkStatic(f); err != nil {
		return Binary{}, fmt.Errorf("reading program %s: %w", path, err)
	}
	h := sha256.New()
	b := Binary{Path: path}
	if b.Size, err = io.Copy(h, f); err != nil {
		return Binary{}, fmt.Errorf("reading program %s: %w", path, err)
	}
	b.SHA256 = hex.EncodeToString(h.Sum(nil))
	if info, err := buildinfo.Read(f); err == nil {
		b.GoVersion = info.GoVersion
		for _, m := range append(info.Deps, &info.Main) {
			if m == &info.Main && m.Sum == "" {
				continue
			}
			if m.Replace != nil {
				m = m.Replace
			}
			b.Modules = append(b.Modules, Module{m.Path, m.Version, m.Sum})
		}
	}
	sortModules(b.Modules)
	return b, nil
}

func sortModules(ms []Module) {
	slices.SortFunc(ms, func(a, b Module) int { return cmp.Compare(a.Path, b.Path) })
}

var errNotStatic = errors.New("not a static program for linux/amd64")

func checkStatic(r io.ReaderAt) error {
	f, err := elf.NewFile(r)
	if err != nil {
		return fmt.Errorf("%w: %w", errNotStatic, err)
	}
	if f.Machine != elf.EM_X86_64 || f.Type != elf.ET_EXEC && f.Type != elf.ET_DYN {
		return fmt.Errorf("%w: it is %v for %v", errNotStatic, f.Type, f.Machine)
	}
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			return fmt.Errorf("%w: it asks for a dynamic loader", errNotStatic)
		}
	}
	return nil
}
