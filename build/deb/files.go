package deb

import (
	"bytes"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/imgbuild/imgbuild/build/cache"
)

// Read returns the content of a regular file of an unpacked package. It is that of the package, by
// its hash, or else the error is a *cache.DamageError.
func (a *Apt) Read(t Tree, e Entry) ([]byte, error) {
	r, err := a.cache.Stream(t.Host(e), e.Size, e.SHA256)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	b := bytes.NewBuffer(make([]byte, 0, e.Size+bytes.MinRead))
	_, err = io.Copy(b, r)
	return b.Bytes(), err
}

// Open opens a picked regular file for reading once from its beginning. What is read to its end is that
// of the package, by its hash, or else the error is a *cache.DamageError.
func (a *Apt) Open(p Pick) (io.ReadCloser, error) {
	return a.cache.Stream(p.Host, p.Entry.Size, p.Entry.SHA256)
}

// CheckTree reads all files of an entry of unpacked packages; of other kinds there is nothing to do. The error
// is a *cache.DamageError where one is not what was unpacked.
func (a *Apt) CheckTree(kind string, e *cache.Entry) error {
	if kind != kindTree {
		return nil
	}
	files, err := loadIndex(e)
	if err != nil {
		return err
	}
	t := Tree{Dir: e.Dir, Files: files}
	for _, f := range files {
		if !f.Mode.IsRegular() {
			continue
		}
		r, err := a.cache.Stream(t.Host(f), f.Size, f.SHA256)
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, r)
		r.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

// FS is an unpacked package as a file system, which has what the package has and nothing that
// lies beside it in the cache. Symbolic links are not followed.
func (a *Apt) FS(t Tree) fs.FS {
	f := treeFS{apt: a, tree: t, nodes: map[string]*node{".": {name: "."}}}
	for i := range t.Files {
		n := f.node(t.Files[i].Path)
		n.entry = &t.Files[i]
	}
	for _, n := range f.nodes {
		slices.SortFunc(n.below, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	}
	return f
}

type treeFS struct {
	apt   *Apt
	tree  Tree
	nodes map[string]*node
}

// node is a file or directory of the package; it is its own fs.FileInfo.
type node struct {
	name  string
	entry *Entry // nil for a directory that is only implied
	below []fs.DirEntry
}

// node returns the one at p, with the directories above it.
func (f treeFS) node(p string) *node {
	if n, ok := f.nodes[p]; ok {
		return n
	}
	n := &node{name: path.Base(p)}
	f.nodes[p] = n
	up := f.node(path.Dir(p))
	up.below = append(up.below, fs.FileInfoToDirEntry(n))
	return n
}

func (f treeFS) find(op, name string) (*node, error) {
	if n, ok := f.nodes[name]; ok {
		return n, nil
	}
	return nil, &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist}
}

// Stat implements fs.StatFS.
func (f treeFS) Stat(name string) (fs.FileInfo, error) {
	n, err := f.find("stat", name)
	if err != nil {
		return nil, err
	}
	return n, nil
}

// ReadDir implements fs.ReadDirFS.
func (f treeFS) ReadDir(name string) ([]fs.DirEntry, error) {
	n, err := f.find("readdir", name)
	if err != nil {
		return nil, err
	}
	return n.below, nil
}

// Open implements fs.FS, for regular files.
func (f treeFS) Open(name string) (fs.File, error) {
	n, err := f.find("open", name)
	if err != nil {
		return nil, err
	}
	if !n.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	b, err := f.apt.Read(f.tree, *n.entry)
	if err != nil {
		return nil, err
	}
	return &treeFile{bytes.NewReader(b), n}, nil
}

type treeFile struct {
	*bytes.Reader
	node *node
}

func (f *treeFile) Stat() (fs.FileInfo, error) { return f.node, nil }
func (f *treeFile) Close() error               { return nil }

func (n *node) Name() string       { return n.name }
func (n *node) ModTime() time.Time { return time.Time{} }
func (n *node) IsDir() bool        { return n.Mode().IsDir() }
func (n *node) Sys() any           { return n.entry }

func (n *node) Mode() fs.FileMode {
	if n.entry == nil {
		return fs.ModeDir | 0o755
	}
	return n.entry.Mode
}

func (n *node) Size() int64 {
	if n.entry == nil {
		return 0
	}
	return n.entry.Size
}
