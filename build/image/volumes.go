package image

import (
	"bufio"
	"bytes"
	"io"
	"io/fs"

	"github.com/imgbuild/imgbuild/build/cpio"
	"github.com/imgbuild/imgbuild/build/extent"
	"github.com/imgbuild/imgbuild/build/fat"
	"github.com/imgbuild/imgbuild/build/iso9660"
	"github.com/imgbuild/imgbuild/build/squashfs"
)

func (w *walker) fat(root string, c extent.Content) error {
	r, err := fat.Open(c, c.Size())
	if err != nil {
		return err
	}
	return r.Walk(func(f fat.Entry) error {
		e := Entry{Path: f.Path, Mode: 0o644, ModTime: f.ModTime}
		if f.Dir {
			e.Mode = fs.ModeDir | 0o755
			return w.entry(root, e, nil)
		}
		return w.file(root, e, f.Content)
	})
}

func (w *walker) iso(root string, c extent.Content) error {
	r, err := iso9660.Open(c, c.Size())
	if err != nil {
		return err
	}
	return r.Walk(func(f iso9660.Entry) error {
		e := Entry{Path: f.Path, Mode: f.Mode, UID: f.UID, GID: f.GID, ModTime: f.ModTime, Link: f.Link, Major: f.Major, Minor: f.Minor}
		if f.Content == nil {
			return w.entry(root, e, nil)
		}
		return w.file(root, e, f.Content)
	})
}

func (w *walker) squashfs(root string, c extent.Content) error {
	r, err := squashfs.Open(c, c.Size())
	if err != nil {
		return err
	}
	limit := w.bound(c.Size())
	budget, names := limit, map[uint32]string{}
	return r.Walk(func(f squashfs.Entry) error {
		e := Entry{Path: f.Path, Mode: f.Mode, UID: f.UID, GID: f.GID, ModTime: f.ModTime, Size: f.Size, Link: f.Link, Major: f.Major, Minor: f.Minor}
		if f.Links > 1 && !f.Mode.IsDir() {
			if e.Same = names[f.Inode]; e.Same != "" {
				e.Size = 0
				return w.entry(root, e, nil)
			}
			names[f.Inode] = f.Path
		}
		return w.entry(root, e, &bounded{r.Content(f), &budget, limit})
	})
}

func (w *walker) initramfs(root string, c extent.Content) error {
	r := cpio.NewReader(io.NewSectionReader(c, 0, c.Size()), w.bound(c.Size()))
	defer r.Close()
	// The kernel knows the names of a file by its number, and forgets them at an
	// archive's end (init/initramfs.c, find_link).
	type file struct{ archive, inode uint32 }
	names := map[file]string{}
	for {
		f, err := r.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		e := Entry{Path: f.Path, Mode: f.Mode, UID: f.UID, GID: f.GID, ModTime: f.ModTime, Size: f.Size, Link: f.Link,
			Major: f.Major, Minor: f.Minor, Segment: f.Segment, Compression: string(f.Compression)}
		if f.Links > 1 && f.Mode.IsRegular() {
			key := file{uint32(f.Archive), f.Inode}
			if e.Same = names[key]; e.Same == "" {
				names[key] = f.Path
			}
		}
		if err := w.member(root, e, r); err != nil {
			return err
		}
	}
}

// maxMember is how large a file of an archive may be to be held in memory, in bytes.
const maxMember = 256 << 20

// member visits a file of an archive, which is a stream. The squashfs that we and live systems pack into an initramfs is
// read into memory, for its files are read in no order.
func (w *walker) member(root string, e Entry, r io.Reader) error {
	if !e.Mode.IsRegular() || e.Size < squashfs.SuperblockSize || e.Size > maxMember {
		return w.entry(root, e, r)
	}
	buffered := bufio.NewReader(io.LimitReader(r, e.Size))
	if magic, _ := buffered.Peek(len(squashfs.Magic)); string(magic) != squashfs.Magic {
		return w.entry(root, e, buffered)
	}
	body, err := io.ReadAll(buffered)
	if err != nil {
		return err
	}
	content := bytes.NewReader(body)
	if _, err := squashfs.Open(content, content.Size()); err != nil { // it just begins like one
		return w.entry(root, e, content)
	}
	return w.file(root, e, content)
}

// bounded takes what it reads from a budget.
type bounded struct {
	r      io.Reader
	budget *int64
	limit  int64
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if *b.budget -= int64(n); *b.budget < 0 {
		return 0, &cpio.TooLargeError{Limit: b.limit}
	}
	return n, err
}
