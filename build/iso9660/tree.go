package iso9660

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// node is a file or a directory.
type node struct {
	name     string // Rock Ridge's
	id       string // ISO 9660's
	parent   *node  // the root's is the root
	children []*node
	dir      bool
	number   int   // of a directory, in the path table
	size     int64 // in bytes; a directory fills its blocks
	block    int64
}

const (
	nameMax  = 100 // bytes: a directory's record has 255 for everything
	depthMax = 8   // levels of directories, the root among them
	version  = ";1"
)

// plant grows the tree of directories that the files lie in.
func plant(files []File) (*node, error) {
	root := &node{dir: true, id: "\x00"}
	root.parent = root
	for _, f := range files {
		if err := root.add(f); err != nil {
			return nil, fmt.Errorf("adding %s: %w", f.Path, err)
		}
	}
	root.finish()
	return root, nil
}

func (n *node) add(f File) error {
	if f.Content.Size() > math.MaxUint32 {
		return fmt.Errorf("%d bytes are too many, ISO 9660 holds files below 4 GiB", f.Content.Size())
	}
	names := strings.Split(f.Path, "/")
	if len(names) > depthMax {
		return fmt.Errorf("it lies %d levels deep, ISO 9660 has %d", len(names), depthMax)
	}
	for i, name := range names {
		last := i == len(names)-1
		child := n.child(name)
		if child == nil {
			if name == "" || name == "." || name == ".." || strings.ContainsRune(name, 0) {
				return fmt.Errorf("%q is no name", name)
			}
			if len(name) > nameMax {
				return fmt.Errorf("the name %q is longer than %d bytes", name, nameMax)
			}
			child = &node{name: name, parent: n, dir: !last}
			n.children = append(n.children, child)
		} else if last || !child.dir {
			return errors.New("something of that name is there already")
		}
		n = child
	}
	n.size = f.Content.Size()
	return nil
}

func (n *node) child(name string) *node {
	for _, c := range n.children {
		if c.name == name {
			return c
		}
	}
	return nil
}

func (n *node) find(path string) *node {
	for name := range strings.SplitSeq(path, "/") {
		if n = n.child(name); n == nil {
			return nil
		}
	}
	return n
}

// finish gives identifiers to the entries of every directory, in whose order they
// stand in it (ECMA-119, 9.3), and sizes to directories.
func (n *node) finish() {
	slices.SortFunc(n.children, func(a, b *node) int { return cmp.Compare(a.name, b.name) })
	taken := map[string]bool{}
	for _, c := range n.children {
		c.id = identifier(c.name, c.dir, taken)
		taken[c.id] = true
	}
	// Names are compared as if filled up with blanks, and extensions apart from them.
	// Plain order is the same, as the dot sorts before letters and digits, but for the
	// version's semicolon, which sorts behind them.
	slices.SortFunc(n.children, func(a, b *node) int {
		return cmp.Compare(strings.TrimSuffix(a.id, version), strings.TrimSuffix(b.id, version))
	})
	for _, c := range n.children {
		if c.dir {
			c.finish()
		}
	}
	n.size = int64(len(n.encode(time.Unix(0, 0))))
}

// directories lists them as the path table does: by level, each level by its parents'
// order. Numbers begin at 1.
func (n *node) directories() []*node {
	all := []*node{n}
	for i := 0; i < len(all); i++ {
		all[i].number = i + 1
		for _, c := range all[i].children {
			if c.dir {
				all = append(all, c)
			}
		}
	}
	return all
}

// identifier makes a name as ISO 9660's second level allows it, up to 30 of A to Z, 0
// to 9 and _ with a dot among them for files, that is not taken.
func identifier(name string, dir bool, taken map[string]bool) string {
	base, ext := name, ""
	if dot := strings.LastIndexByte(name, '.'); dot > 0 && !dir {
		base, ext = name[:dot], name[dot+1:]
	}
	base, ext = plain(base), plain(ext)
	ext = ext[:min(len(ext), 8)]
	for number := 0; ; number++ {
		tail := ""
		if number > 0 {
			tail = fmt.Sprintf("_%d", number)
		}
		id := base[:min(len(base), 20-len(tail))] + tail
		if !dir {
			id += "." + ext + version
		}
		if !taken[id] {
			return id
		}
	}
}

func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, strings.ToUpper(s))
}
