package squashfs

import (
	"fmt"
	"io"
	"io/fs"
	"strings"
	"time"
)

// Entry is one name of a file.
type Entry struct {
	// Path is slash-separated, relative to the root; "." is the root itself.
	Path string
	Mode fs.FileMode
	// Owner.
	UID, GID uint32
	ModTime  time.Time
	// Size of a regular file's content in bytes.
	Size int64
	// Link is a symbolic link's target.
	Link string
	// Major and Minor number a device node.
	Major, Minor uint32
	// Inode and Links tell hard links: same inode, more than one link.
	Inode, Links uint32

	inode *inode
}

// Reader reads a file system. It serves one goroutine at a time.
type Reader struct {
	Superblock Superblock

	file     io.ReaderAt
	unpacker unpacker
	blocks   map[int64]block
	// The fragment read last, and its number.
	fragment       []byte
	fragmentNumber uint32
}

// Open reads the superblock of a file system in a file of so many bytes.
func Open(file io.ReaderAt, size int64) (*Reader, error) {
	s, err := readSuperblock(file, size)
	if err != nil {
		return nil, fmt.Errorf("reading a squashfs: %w", err)
	}
	return &Reader{Superblock: s, file: file, blocks: map[int64]block{}, fragmentNumber: noFragment}, nil
}

// Walk calls visit with every name in the file system, the root first, directories
// before what they hold, each directory sorted by name. An error of visit ends the walk.
func (r *Reader) Walk(visit func(Entry) error) error {
	w := &walk{r: r, visit: visit, seen: map[uint64]bool{}}
	if err := w.entry(".", r.Superblock.root); err != nil {
		return fmt.Errorf("reading a squashfs: %w", err)
	}
	return nil
}

type walk struct {
	r     *Reader
	visit func(Entry) error
	seen  map[uint64]bool // directories, by reference
	flat  bool            // goes into no directory
}

func (w *walk) entry(path string, reference uint64) error {
	i, err := w.r.inode(reference)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	e := Entry{Path: path, Mode: i.mode, UID: i.uid, GID: i.gid, ModTime: i.mtime, Size: i.size, Link: i.link,
		Major: i.major, Minor: i.minor, Inode: i.number, Links: i.links, inode: i}
	if !i.mode.IsDir() {
		return w.visit(e)
	}
	if w.seen[reference] {
		return fmt.Errorf("%s: directories lead in a circle", path)
	}
	w.seen[reference] = true
	if err := w.visit(e); err != nil {
		return err
	}
	if w.flat {
		return nil
	}
	return w.directory(path, i)
}

// directory goes through a listing: headers, each with the entries whose inodes lie in
// one block. The size stands for three bytes more than there are.
func (w *walk) directory(path string, i *inode) error {
	const header, entry, none = 12, 8, 3
	damaged := fmt.Errorf("%s: the listing is damaged", path)
	left := i.listingSize - none
	s := w.r.stream(w.r.Superblock.directoryTable, i.listing)
	for left > 0 {
		h, err := s.take(header)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		left -= header
		count, block := le.Uint32(h), uint64(le.Uint32(h[4:]))
		if count >= 256 {
			return damaged
		}
		for range count + 1 {
			b, err := s.take(entry)
			if err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
			size := int(le.Uint16(b[6:])) + 1
			if left -= entry + int64(size); left < 0 || size > 256 {
				return damaged
			}
			name, err := s.take(size)
			if err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
			if n := string(name); n == "." || n == ".." || strings.ContainsAny(n, "/\x00") {
				return fmt.Errorf("%s: %q is no name", path, n)
			}
			if err := w.entry(strings.TrimPrefix(path+"/"+string(name), "./"), block<<16|uint64(le.Uint16(b))); err != nil {
				return err
			}
		}
	}
	return nil
}
