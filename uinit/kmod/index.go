// Package kmod loads kernel modules: it reads what depmod writes, resolves
// dependencies and aliases, and hands plain .ko files to finit_module(2).
package kmod

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// Index is what depmod(8) wrote about the modules in one directory.
type Index struct {
	modules map[string]module
	builtin map[string]bool
	soft    map[string]softdep
	aliases aliases
}

type module struct {
	path string
	// deps are paths in the order of modules.dep: the last is to be loaded first.
	deps []string
}

// softdep names modules to load before and after one, if they are there.
type softdep struct{ pre, post []string }

// ReadIndex reads modules.dep, .alias, .softdep and .builtin. Files that do not exist
// are empty, for a kernel may have no modules at all.
func ReadIndex(dir fs.FS) (*Index, error) {
	x := &Index{modules: map[string]module{}, builtin: map[string]bool{}, soft: map[string]softdep{}}
	for _, file := range []struct {
		name string
		line func(*Index, string)
	}{
		{"modules.dep", (*Index).addDep},
		{"modules.softdep", (*Index).addSoftdep},
		{"modules.builtin", (*Index).addBuiltin},
	} {
		if err := eachLine(dir, file.name, func(s string) { file.line(x, s) }); err != nil {
			return nil, fmt.Errorf("reading %s: %w", file.name, err)
		}
	}
	text, err := fs.ReadFile(dir, "modules.alias")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("reading modules.alias: %w", err)
	}
	x.aliases = readAliases(text)
	return x, nil
}

func eachLine(dir fs.FS, name string, do func(string)) error {
	f, err := dir.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if line := strings.TrimSpace(lines.Text()); line != "" && line[0] != '#' {
			do(line)
		}
	}
	return lines.Err()
}

// addDep reads "kernel/a.ko: kernel/b.ko kernel/c.ko".
func (x *Index) addDep(line string) {
	file, deps, ok := strings.Cut(line, ":")
	if ok && file != "" {
		x.modules[nameOf(file)] = module{file, strings.Fields(deps)}
	}
}

// addSoftdep reads "softdep MODULE pre: A B post: C". Names before the first keyword
// (cifs has such) count as "pre", which is what their authors meant.
func (x *Index) addSoftdep(line string) {
	f := strings.Fields(line)
	if len(f) < 3 || f[0] != "softdep" {
		return
	}
	name := normal(f[1])
	s, after := x.soft[name], false
	for _, word := range f[2:] {
		switch {
		case word == "pre:":
			after = false
		case word == "post:":
			after = true
		case after:
			s.post = append(s.post, normal(word))
		default:
			s.pre = append(s.pre, normal(word))
		}
	}
	x.soft[name] = s
}

func (x *Index) addBuiltin(line string) { x.builtin[nameOf(line)] = true }

// Has says whether the kernel has the module, built in or as a file.
func (x *Index) Has(name string) bool {
	name = normal(name)
	_, ok := x.modules[name]
	return ok || x.builtin[name]
}

// Settled says that nothing is left to do for a module or an alias: all that is asked for is there, and brings nobody along.
func (x *Index) Settled(name string, live func(module string) bool) bool {
	found := []string{normal(name)}
	if !x.Has(name) {
		found = x.Match(name)
	}
	return len(found) > 0 && !slices.ContainsFunc(found, func(module string) bool {
		_, soft := x.soft[module]
		return soft || !x.builtin[module] && !live(module)
	})
}

// Match returns the modules that ask for a device by its modalias, each once.
func (x *Index) Match(modalias string) []string { return x.aliases.match(modalias) }

// files returns the module's file and those it depends on, in the order of loading.
func (x *Index) files(name string) []string {
	m := x.modules[name]
	files := slices.Clone(m.deps)
	slices.Reverse(files)
	return append(files, m.path)
}

// nameOf is a module's name by its file's.
func nameOf(file string) string {
	base := path.Base(file)
	if i := strings.Index(base, ".ko"); i >= 0 {
		base = base[:i]
	}
	return normal(base)
}
