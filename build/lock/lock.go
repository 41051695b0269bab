// Package lock pins what a build takes from outside: Debian packages by version
// and hash, the Go toolchain and modules. NAME.lock lies next to NAME.toml and
// belongs in version control.
package lock

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
	"github.com/google/renameio/v2"
)

// Lock is the content of a lock file.
type Lock struct {
	// Requested are the package names that the profile asks for; the packages
	// below are their closure.
	Requested []string `toml:"requested"`
	// Kernel is the SHA-256 of a kernel image that comes from a file.
	Kernel string `toml:"kernel,omitempty"`
	// Go is the toolchain: go1.26.8.
	Go string `toml:"go"`
	// Package and Module are sorted by name.
	Package []Package `toml:"package"`
	Module  []Module  `toml:"module"`
	// Tools are the packages that media are made with, and Tool their closure.
	Tools []string  `toml:"tools,omitempty"`
	Tool  []Package `toml:"tool,omitempty"`
	// Image are container images, sorted by reference.
	Image []Image `toml:"image,omitempty"`
}

// Image is a pinned container image: what a reference of the profile stands for.
type Image struct {
	Reference string `toml:"reference"`
	// Digest is that of the manifest or index which the reference names: sha256:….
	Digest string `toml:"digest"`
}

// Package is a pinned Debian package.
type Package struct {
	Name    string `toml:"name"`
	Version string `toml:"version"`
	Arch    string `toml:"arch"`
	SHA256  string `toml:"sha256"`
	// Size in bytes of the .deb.
	Size int64 `toml:"size"`
}

// Module is a pinned Go module; Sum is its line in go.sum.
type Module struct {
	Path    string `toml:"path"`
	Version string `toml:"version"`
	Sum     string `toml:"sum,omitempty"`
}

const header = `# Written by "imgbuild lock". It pins what the image is made of: the same
# profile and lock give the same bytes. "imgbuild build --locked" refuses drift.

`

// Read reads a lock file. There being none is not an error: the Lock is nil then.
func Read(path string) (*Lock, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the lock: %w", err)
	}
	var l Lock
	meta, err := toml.Decode(string(text), &l)
	if err == nil && len(meta.Undecoded()) > 0 {
		err = fmt.Errorf("unknown key %s", meta.Undecoded()[0])
	}
	for _, p := range slices.Concat(l.Package, l.Tool) {
		if err == nil && (p.Name == "" || p.Version == "" || len(p.SHA256) != 64 || strings.Trim(p.SHA256, "0123456789abcdef") != "") {
			err = fmt.Errorf("package %q lacks a version or a SHA-256", p.Name)
		}
	}
	for _, i := range l.Image {
		if sum, ok := strings.CutPrefix(i.Digest, "sha256:"); err == nil && (!ok || i.Reference == "" || len(sum) != 64 || strings.Trim(sum, "0123456789abcdef") != "") {
			err = fmt.Errorf("image %q lacks a digest", i.Reference)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w; \"imgbuild lock\" writes it anew", path, err)
	}
	return &l, nil
}

// Write replaces a lock file, or leaves the old one.
func (l *Lock) Write(path string) error {
	var b bytes.Buffer
	b.WriteString(header)
	e := toml.NewEncoder(&b)
	e.Indent = ""
	if err := e.Encode(l); err != nil {
		return fmt.Errorf("writing the lock: %w", err)
	}
	if err := renameio.WriteFile(path, b.Bytes(), 0o644); err != nil {
		return fmt.Errorf("writing the lock: %w", err)
	}
	return nil
}

// Covers tells whether the lock answers the request for these packages.
func (l *Lock) Covers(names []string) bool {
	return l != nil && slices.Equal(l.Requested, slices.Compact(slices.Sorted(slices.Values(names))))
}

// HasTools tells whether the lock pins all these tools for media.
func (l *Lock) HasTools(names []string) bool {
	return l != nil && !slices.ContainsFunc(names, func(n string) bool { return !slices.Contains(l.Tools, n) })
}

// Pinned is the digest of a reference; it is empty where the lock has none.
func (l *Lock) Pinned(reference string) string {
	if l == nil {
		return ""
	}
	for _, i := range l.Image {
		if i.Reference == reference {
			return i.Digest
		}
	}
	return ""
}

// Diff names every difference from l to now, one a line, for a person:
// "package nftables 1.0.6-2 → 1.0.6-3".
func (l *Lock) Diff(now *Lock) []string {
	var out []string
	if l.Kernel != now.Kernel {
		out = append(out, change("kernel image", short(l.Kernel), short(now.Kernel)))
	}
	if l.Go != now.Go {
		out = append(out, change("go toolchain", l.Go, now.Go))
	}
	describe := func(p Package) (string, string) { return p.Name, p.Version + " " + short(p.SHA256) }
	out = append(out, diff("package", l.Package, now.Package, describe)...)
	out = append(out, diff("tool", l.Tool, now.Tool, describe)...)
	out = append(out, diff("image", l.Image, now.Image, func(i Image) (string, string) {
		return i.Reference, i.Digest[:min(len("sha256:")+12, len(i.Digest))]
	})...)
	return append(out, diff("module", l.Module, now.Module, func(m Module) (string, string) {
		return m.Path, strings.TrimSpace(m.Version + " " + m.Sum)
	})...)
}

func short(hash string) string { return hash[:min(12, len(hash))] }

func change(what, from, to string) string {
	switch {
	case from == "":
		return fmt.Sprintf("%s: new, %s", what, to)
	case to == "":
		return fmt.Sprintf("%s: gone, was %s", what, from)
	}
	return fmt.Sprintf("%s: %s → %s", what, from, to)
}

// diff compares two sorted lists by name.
func diff[T any](what string, a, b []T, describe func(T) (name, version string)) []string {
	have := map[string][2]string{}
	var names []string
	for side, list := range [][]T{a, b} {
		for _, item := range list {
			name, version := describe(item)
			v, seen := have[name]
			if !seen {
				names = append(names, name)
			}
			v[side] = version
			have[name] = v
		}
	}
	slices.Sort(names)
	var out []string
	for _, name := range names {
		if v := have[name]; v[0] != v[1] {
			out = append(out, change(what+" "+name, v[0], v[1]))
		}
	}
	return out
}
