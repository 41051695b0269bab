// Package tree holds an image's file tree as a value: what lies where, with
// which mode, and why. It reads and writes nothing but the overlays it imports.
package tree

import (
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
)

// Tree is a set of files without contradictions. Every file's parent directory
// is in it, explicitly or implied. The zero Tree is not usable; see New.
type Tree struct {
	files   map[string]File
	implied map[string]bool
}

// New returns an empty tree.
func New() *Tree {
	return &Tree{files: map[string]File{}, implied: map[string]bool{}}
}

// Add puts f into the tree. The same file twice is fine, the first Why stays. A
// different file at the same path, or a file where another needs a directory, is
// a *ConflictError; a path or type that no image can hold is an *InvalidError.
func (t *Tree) Add(f File) error {
	f, err := normal(f)
	if err != nil {
		return err
	}
	old, taken := t.files[f.Path]
	if taken && !t.implied[f.Path] && same(old, f) {
		return nil
	}
	if taken && !(t.implied[f.Path] && f.Mode.IsDir()) {
		return &ConflictError{Path: f.Path, A: old, B: f}
	}
	return t.put(f)
}

// Replace puts f into the tree in place of what is at its path, if anything. What
// it cannot do is turn a directory that holds files into something else, or
// a file above f into a directory: these are a *ConflictError too.
func (t *Tree) Replace(f File) error {
	f, err := normal(f)
	if err != nil {
		return err
	}
	if old, taken := t.files[f.Path]; taken && old.Mode.IsDir() && !f.Mode.IsDir() {
		for p, child := range t.files {
			if path.Dir(p) == f.Path {
				return &ConflictError{Path: f.Path, A: child, B: f}
			}
		}
	}
	return t.put(f)
}

// put stores f and the directories above it, or nothing.
func (t *Tree) put(f File) error {
	var missing []string
	for dir := path.Dir(f.Path); dir != "."; dir = path.Dir(dir) {
		up, ok := t.files[dir]
		if !ok {
			missing = append(missing, dir)
		} else if !up.Mode.IsDir() {
			return &ConflictError{Path: dir, A: up, B: f}
		}
	}
	for _, dir := range missing {
		t.files[dir] = File{Path: dir, Mode: fs.ModeDir | 0o755, Why: "holds " + f.Path}
		t.implied[dir] = true
	}
	t.files[f.Path] = f
	delete(t.implied, f.Path)
	return nil
}

// Lookup returns the file at p.
func (t *Tree) Lookup(p string) (File, bool) {
	f, ok := t.files[p]
	return f, ok
}

// Files returns all files sorted by path, so that a directory comes before what
// it holds.
func (t *Tree) Files() []File {
	files := make([]File, 0, len(t.files))
	for _, p := range slices.Sorted(maps.Keys(t.files)) {
		files = append(files, t.files[p])
	}
	return files
}

// ConflictError says that two files want the same place.
type ConflictError struct {
	// Path is the place. It is A's or B's own, or a directory above one of them.
	Path string
	// A was there first.
	A, B File
}

func (e *ConflictError) Error() string {
	if e.A.Path != e.B.Path {
		return fmt.Sprintf("%s is wanted as %s (%s) and as %s (%s)", e.Path,
			role(e.A, e.Path), reason(e.A), role(e.B, e.Path), reason(e.B))
	}
	return fmt.Sprintf("two files want to be %s: %s (%s) and %s (%s)", e.Path,
		describe(e.A), reason(e.A), describe(e.B), reason(e.B))
}

func role(f File, at string) string {
	if f.Path == at {
		return describe(f)
	}
	return "a directory for " + f.Path
}
