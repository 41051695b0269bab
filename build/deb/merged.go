package deb

import (
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/internal/suggest"
)

// merged is what a system would look like on which all the trees were installed.
type merged struct {
	files map[string]placed
	// clashes are paths that packages fill with different files, and these packages. It is an error
	// only to pick one of them.
	clashes map[string][]string
	sorted  []string
}

// placed is an entry and whose it is.
type placed struct {
	tree  *Tree
	entry *Entry
}

func merge(trees []Tree) *merged {
	total := 0
	for i := range trees {
		total += len(trees[i].Files)
	}
	m := &merged{files: make(map[string]placed, total), clashes: map[string][]string{}}
	for i := range trees {
		for j := range trees[i].Files {
			t, e := &trees[i], &trees[i].Files[j]
			first, taken := m.files[e.Path]
			if !taken {
				m.files[e.Path] = placed{t, e}
			} else if differ(e, first.entry) {
				if m.clashes[e.Path] == nil {
					m.clashes[e.Path] = []string{first.tree.Name}
				}
				m.clashes[e.Path] = append(m.clashes[e.Path], t.Name)
			}
		}
	}
	m.sorted = slices.Sorted(maps.Keys(m.files))
	return m
}

func differ(a, b *Entry) bool {
	return a.Mode.Type() != b.Mode.Type() || a.Link != b.Link || a.SHA256 != b.SHA256
}

// maxLinks is how many symbolic links the kernel follows in one path (MAXSYMLINKS).
const maxLinks = 40

// resolve follows symbolic links in every part of a canonical path. It returns
// the links that it went through and what the path leads to; ok is false where
// that is nothing.
func (m *merged) resolve(p string) (links []string, target string, ok bool) {
	done, rest := ".", strings.Split(p, "/")
	for len(rest) > 0 {
		done, rest = path.Join(done, rest[0]), rest[1:]
		f, there := m.files[done]
		if !there {
			// A directory may be only implied by what it holds.
			if len(rest) == 0 && !m.holds(done) {
				return links, done, false
			}
			continue
		}
		if f.entry.Mode.Type() != fs.ModeSymlink {
			continue
		}
		if links = append(links, done); len(links) > maxLinks {
			return links, done, false
		}
		next := f.entry.Link
		if !path.IsAbs(next) {
			next = path.Join(path.Dir(done), next)
		}
		done, rest = ".", append(strings.Split(canonical(next), "/"), rest...)
	}
	return links, done, true
}

// holds tells whether there is anything below a directory.
func (m *merged) holds(dir string) bool {
	i, _ := slices.BinarySearch(m.sorted, dir+"/")
	return i < len(m.sorted) && strings.HasPrefix(m.sorted[i], dir+"/")
}

// below returns what lies below a directory, sorted.
func (m *merged) below(dir string) []string {
	if dir == "." {
		return m.sorted
	}
	i, _ := slices.BinarySearch(m.sorted, dir+"/")
	j := i
	for j < len(m.sorted) && strings.HasPrefix(m.sorted[j], dir+"/") {
		j++
	}
	return m.sorted[i:j]
}

// match returns the paths that a pattern of path.Match means. One without
// metacharacters matches itself, if there is such a file.
func (m *merged) match(pattern string) ([]string, error) {
	pattern = canonical(pattern)
	if !strings.ContainsAny(pattern, `*?[\`) {
		if _, _, ok := m.resolve(pattern); !ok {
			return nil, nil
		}
		return []string{pattern}, nil
	}
	var found []string
	for _, p := range m.sorted {
		ok, err := path.Match(pattern, p)
		if err != nil {
			return nil, fmt.Errorf("bad pattern: %w", err)
		}
		if ok {
			found = append(found, p)
		}
	}
	return found, nil
}

// absent is the error for a wanted path or pattern that gives nothing.
func (m *merged) absent(want string) error {
	at := canonical(want)
	if f, there := m.files[at]; there { // a link, then, that leads to nothing
		return &NeedError{Need: f.entry.Link, By: "/" + at, Package: f.tree.Name}
	}
	return &NoFileError{Want: want, Suggest: m.nearFiles(at)}
}

// nearFiles returns paths that a wrong one may have been meant to be: files of the
// same name elsewhere, else paths that are a few letters off.
func (m *merged) nearFiles(p string) []string {
	var known, same []string
	for _, k := range m.sorted {
		if m.files[k].entry.Mode.IsDir() || unwanted(k) {
			continue
		}
		known = append(known, "/"+k)
		if path.Base(k) == path.Base(p) && len(same) < 3 {
			same = append(same, "/"+k)
		}
	}
	if len(same) > 0 {
		return same
	}
	return suggest.Near("/"+p, known)
}
