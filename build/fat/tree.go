package fat

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
)

// node is a file or a directory.
type node struct {
	name     string
	short    [11]byte
	parent   *node // nil for the root
	children []*node
	dir      bool
	size     int64 // of a file
	cluster  int64 // the first one; 0 for none
}

// plant grows the tree of directories that the files lie in.
func plant(files []File) (*node, error) {
	root := &node{dir: true}
	for _, f := range files {
		if err := root.add(f); err != nil {
			return nil, fmt.Errorf("adding %s: %w", f.Path, err)
		}
	}
	return root, root.sort()
}

func (n *node) add(f File) error {
	if f.Content.Size() > math.MaxUint32 {
		return fmt.Errorf("%d bytes are too many, FAT holds files below 4 GiB", f.Content.Size())
	}
	names := strings.Split(f.Path, "/")
	for i, name := range names {
		last := i == len(names)-1
		child := n.child(name)
		if child == nil {
			if err := checkName(name); err != nil {
				return err
			}
			child = &node{name: name, parent: n, dir: !last}
			n.children = append(n.children, child)
		} else if last || !child.dir {
			return errors.New("something of that name is there already; FAT knows no difference between a and A")
		}
		n = child
	}
	n.size = f.Content.Size()
	return nil
}

func (n *node) child(name string) *node {
	for _, c := range n.children {
		if strings.EqualFold(c.name, name) {
			return c
		}
	}
	return nil
}

func (n *node) find(path string) *node {
	for name := range strings.SplitSeq(path, "/") {
		n = n.child(name)
	}
	return n
}

// sort orders the entries of every directory by name and gives them short names.
func (n *node) sort() error {
	slices.SortFunc(n.children, func(a, b *node) int { return cmp.Compare(a.name, b.name) })
	taken := map[[11]byte]bool{}
	for _, c := range n.children {
		c.short = shortName(c.name, taken)
		taken[c.short] = true
		if err := c.sort(); err != nil {
			return err
		}
	}
	if n.entries() > math.MaxUint16 || n.parent == nil && n.entries() > rootEntries {
		return fmt.Errorf("directory %q has too many files", n.name)
	}
	return nil
}

// entries is how many records of 32 bytes the directory has.
func (n *node) entries() int {
	count := 2 // . and .., or in the root the label
	for _, c := range n.children {
		count += 1 + len(longUnits(c.name, c.short))/longUnitsEach
	}
	return count
}

// clusters is how many the directory and those below it fill.
func (n *node) clusters(g geometry) int64 {
	if !n.dir {
		return 0
	}
	count := int64(0)
	if n.parent != nil || g.fat32 {
		count = g.count(int64(n.entries()) * entrySize)
	}
	for _, c := range n.children {
		count += c.clusters(g)
	}
	return count
}

// allocate gives clusters to the directory and those below it.
func (n *node) allocate(g geometry, c *chains) {
	if !n.dir {
		return
	}
	if n.parent != nil || g.fat32 {
		n.cluster = c.take(g.count(int64(n.entries()) * entrySize))
	}
	for _, child := range n.children {
		child.allocate(g, c)
	}
}
