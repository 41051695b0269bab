package image

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
)

// Tree is what an image comes to when its files are laid over each other in their
// order, as the kernel does it with an initramfs (init/initramfs.c): a later file
// replaces an earlier one, its path leads through links, and all names of a file share
// what is written to any of them.
type Tree struct {
	nodes map[string]*Node
	// below counts what a directory holds.
	below map[string]int
	// cost in memory and work so far, each in bytes.
	cost, work int
}

// Node is a file of a tree.
type Node struct {
	// Entry has the path that links lead to, and the size of the content whichever
	// name it came with.
	Entry
	content *Content
}

// Content is what all names of a file share.
type Content struct {
	// Entry that brought it, counted from 0 in the order of the walk.
	Number int
	// Size in bytes.
	Size int64
	// SHA256, where somebody took it.
	SHA256 [32]byte
}

// NewTree returns an empty tree.
func NewTree() *Tree { return &Tree{nodes: map[string]*Node{}, below: map[string]int{}} }

const (
	// maxLinks is how many links Linux follows on one path.
	maxLinks = 40
	// maxCost bounds a tree in memory, in bytes: an image of a few kilobytes can
	// unpack to millions of names.
	maxCost  = 256 << 20
	nodeCost = 400
	// maxWork bounds the time in which paths are followed, in bytes of the paths that are
	// looked at: a file in a thousand directories costs a million. 300 000 files ten deep come to
	// a twentieth of it.
	maxWork = 2 << 30
)

// errShadowed says that a file has no effect, since a directory that is not empty lies
// in its place.
var errShadowed = errors.New("a directory that holds files lies in its place")

// errTooDeep says that a tree costs too much time.
var errTooDeep = errors.New("its files lie too deep, or their paths lead through too many links: following them takes too long")

// Add lays a file over the tree and returns its node, which is nil when the file has no
// effect. number counts the entries of the walk.
func (t *Tree) Add(e Entry, number int) (*Node, error) {
	dir, err := t.resolveDir(e.Root, path.Dir(e.Path))
	if errors.Is(err, errTooDeep) { // one path says no more than another
		return nil, err
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", e.Path, err)
	}
	e.Path = path.Join(dir, path.Base(e.Path))
	if err := t.clear(e); err != nil {
		return nil, nil
	}
	if t.cost += nodeCost + len(e.Path) + len(e.Link); t.cost > maxCost {
		return nil, fmt.Errorf("%s: too many files: their names alone take %d MB", e.Path, maxCost>>20)
	}
	old := t.nodes[e.Path]
	n := &Node{Entry: e, content: &Content{Number: number, Size: e.Size}}
	if old != nil && e.Mode.IsRegular() { // it is written over, under all its names
		n.content = old.content
		*n.content = Content{Number: number, Size: e.Size}
	}
	if e.Same != "" {
		if err := t.share(n, e, number); err != nil {
			return nil, err
		}
	}
	if old == nil {
		t.below[dir]++
	}
	t.nodes[e.Path] = n
	return n, nil
}

// share makes n another name of the file that e says.
func (t *Tree) share(n *Node, e Entry, number int) error {
	at, err := t.resolveDir(e.Root, path.Dir(e.Same))
	if err != nil {
		return fmt.Errorf("%s: %w", e.Same, err)
	}
	first := t.nodes[path.Join(at, path.Base(e.Same))]
	if first == nil || !first.Mode.IsRegular() && first.Mode.Type() != e.Mode.Type() {
		return nil
	}
	n.content = first.content
	n.Same = first.Path
	if e.Size > 0 {
		*n.content = Content{Number: number, Size: e.Size}
	}
	return nil
}

// clear takes away what lies in a file's place, if it is of another type.
func (t *Tree) clear(e Entry) error {
	old := t.nodes[e.Path]
	if old == nil || old.Mode.Type() == e.Mode.Type() && e.Mode.Type() != fs.ModeSymlink {
		return nil
	}
	if t.below[e.Path] > 0 {
		return errShadowed
	}
	delete(t.nodes, e.Path)
	t.below[path.Dir(e.Path)]--
	return nil
}

// Lookup finds a file by its path, through links.
func (t *Tree) Lookup(name string) (*Node, bool) {
	name = strings.TrimPrefix(path.Join("/", name), "/")
	for range maxLinks {
		root := t.rootOf(name)
		dir, err := t.resolveDir(root, path.Dir(name))
		if err != nil {
			return nil, false
		}
		n := t.nodes[path.Join(dir, path.Base(name))]
		if n == nil || n.Link == "" {
			return n, n != nil
		}
		name = follow(n.Root, path.Dir(n.Path), n.Link)
	}
	return nil, false
}

// Place follows the links in the directories of a path in the outermost image, and returns
// where a file of that path would lie, and the file that lies there, if any.
func (t *Tree) Place(name string) (string, *Node, error) {
	dir, err := t.resolveDir("", path.Dir(name))
	if err != nil {
		return "", nil, fmt.Errorf("%s: %w", name, err)
	}
	at := path.Join(dir, path.Base(name))
	return at, t.nodes[at], nil
}

// Content tells where the content of a file is.
func (n *Node) Content() *Content { return n.content }

// Nodes returns all files sorted by path.
func (t *Tree) Nodes() []*Node {
	all := make([]*Node, 0, len(t.nodes))
	for _, p := range slices.Sorted(maps.Keys(t.nodes)) {
		n := t.nodes[p]
		n.Size = 0
		if n.Mode.IsRegular() {
			n.Size = n.content.Size
		}
		all = append(all, n)
	}
	return all
}

// rootOf finds the innermost image that a path lies in.
func (t *Tree) rootOf(name string) string {
	for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
		if n := t.nodes[dir]; n != nil && n.Kind != "" {
			return dir
		}
	}
	return ""
}

// resolveDir follows the links in a directory's path, below the root of its image.
func (t *Tree) resolveDir(root, dir string) (string, error) {
	if dir == "." || dir == root {
		return dir, nil
	}
	done, rest := root, strings.TrimPrefix(strings.TrimPrefix(dir, root), "/")
	if root == "" {
		done = "."
	}
	for links := 0; rest != ""; {
		var name string
		name, rest, _ = strings.Cut(rest, "/")
		next := name
		if done != "." && done != "" { // both are clean: path.Join would take six times as long
			next = done + "/" + name
		}
		if t.work += len(next); t.work > maxWork {
			return "", errTooDeep
		}
		n := t.nodes[next]
		if n == nil || n.Link == "" {
			done = next
			continue
		}
		if links++; links > maxLinks {
			return "", errors.New("its path leads through too many links")
		}
		target := follow(root, done, n.Link)
		rest = path.Join(strings.TrimPrefix(strings.TrimPrefix(target, root), "/"), rest)
		done = root
		if root == "" {
			done = "."
		}
	}
	return done, nil
}

// follow gives the path that a link in a directory leads to, below root whatever it says.
func follow(root, dir, target string) string {
	if !path.IsAbs(target) {
		inside := strings.TrimPrefix(strings.TrimPrefix(dir, root), "/")
		target = path.Join(inside, target)
		if !strings.HasPrefix(target, "..") {
			return path.Join(root, target)
		}
	}
	return path.Join(root, path.Join("/", target)[1:])
}
