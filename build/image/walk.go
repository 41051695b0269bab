// Package image reads what imgbuild writes, and what others write, as trees of files:
// initramfs archives, kernels, unified kernel images, disks, ISOs, FAT volumes and
// squashfs, updates, and those that lie in each other.
package image

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/build/extent"
)

// Image is an opened image.
type Image struct {
	// Name of the file.
	Name string
	Kind Kind
	// Size of the file, in bytes.
	Size int64
	// Content of the file; of a virtual disk its disk's.
	Content extent.Content
	// Limit is how many bytes the compressed contents of each initramfs or squashfs may
	// have, unpacked; 0 stands for 64 MiB and 32 times its size. Real ones have up
	// to ten times, the bombs of malice a thousand.
	Limit int64

	file io.Closer
}

// ErrUnknown says that a file is nothing we know.
var ErrUnknown = errors.New("it is no image we know: no initramfs, Linux kernel, EFI program, disk, ISO, FAT, squashfs or update")

// Open opens the image in a file.
func Open(name string) (*Image, error) {
	// A pipe that nobody writes to would be waited for.
	f, err := os.OpenFile(name, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	size, err := extentOf(f)
	if err == nil {
		var m *Image
		if m, err = New(f, size); err == nil {
			m.Name, m.file = name, f
			return m, nil
		}
	}
	f.Close()
	return nil, fmt.Errorf("reading %s: %w", name, err)
}

// extentOf is the size of a plain file or a disk, in bytes. Of anything else no place could be
// read twice.
func extentOf(f *os.File) (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	switch mode := info.Mode(); {
	case mode.IsDir():
		return 0, errors.New("it is a directory; accepted: the file of an image")
	case !mode.IsRegular() && mode.Type() != fs.ModeDevice:
		return 0, errors.New("it is neither a plain file nor a disk")
	}
	size, err := f.Seek(0, io.SeekEnd)
	if err == nil && size == 0 {
		err = errors.New("it is empty")
	}
	return size, err
}

// New opens the image in a file of so many bytes.
func New(file io.ReaderAt, size int64) (*Image, error) {
	kind := Detect(file, size)
	if kind == "" {
		return nil, ErrUnknown
	}
	disk, err := OpenDisk(file, size, kind)
	if err != nil {
		return nil, err
	}
	return &Image{Kind: kind, Size: size, Content: disk}, nil
}

// Close closes the file.
func (m *Image) Close() error {
	if m.file == nil {
		return nil
	}
	return m.file.Close()
}

// Visit is called with a file and its content, which can be read until it returns; the
// content is nil for all but regular files. Of a file with several names, the
// content comes with any of them.
type Visit func(Entry, io.Reader) error

// Walk visits everything in the image, in its order: where a path comes twice, the later
// file replaces the earlier. A file that is an image itself is visited as such, with the
// files in it behind it. An error of visit ends the walk and is returned as it is.
func (m *Image) Walk(ctx context.Context, visit Visit) error {
	w := &walker{ctx: ctx, limit: m.Limit, visit: visit}
	err := w.walk("", m.Content, m.Kind)
	var stopped *visitError
	if errors.As(err, &stopped) {
		return stopped.error
	}
	if err != nil && m.Name != "" {
		return fmt.Errorf("reading %s: %w", m.Name, err)
	}
	return err
}

// visitError is one of the visitor's.
type visitError struct{ error }

// maxDepth is how deep images may lie in each other: an initramfs in a UKI in a FAT
// volume in an ISO lies three deep.
const maxDepth = 5

type walker struct {
	ctx   context.Context
	limit int64
	visit Visit
	depth int
}

// walk visits the files of an image that lies at a path.
func (w *walker) walk(root string, c extent.Content, kind Kind) error {
	if w.depth++; w.depth > maxDepth {
		return fmt.Errorf("%s: images lie more than %d deep in each other", root, maxDepth)
	}
	defer func() { w.depth-- }()
	walk := map[Kind]func(string, extent.Content) error{
		Initramfs: w.initramfs, Kernel: w.kernel, UKI: w.sections, Program: w.sections, ISO: w.iso, FAT: w.fat, Squashfs: w.squashfs,
		Update: w.slot, Disk: w.disk, QCOW2: w.disk, VMDK: w.disk, VHD: w.disk,
	}[kind]
	return walk(root, c)
}

// file visits a file of the image at root, and descends into it where that is worth it.
func (w *walker) file(root string, e Entry, content extent.Content) error {
	e.Size, e.Kind = content.Size(), inner(content, content.Size())
	if err := w.entry(root, e, io.NewSectionReader(content, 0, e.Size)); err != nil || e.Kind == "" {
		return err
	}
	return w.walk(path.Join(root, e.Path), content, e.Kind)
}

// entry visits a file; its paths are still relative to root.
func (w *walker) entry(root string, e Entry, content io.Reader) error {
	if err := w.ctx.Err(); err != nil {
		return err
	}
	e.Root = root
	// Joined with a root of their own first, so that no ".." leads out of it.
	e.Path = path.Join(root, path.Join("/", e.Path)[1:])
	if e.Path == root && root != "" { // the image's own root, for which its file stands
		return nil
	}
	if e.Path == "" {
		e.Path = "."
	}
	if e.Same != "" {
		e.Same = path.Join(root, path.Join("/", e.Same)[1:])
	}
	if !e.Mode.IsRegular() {
		content = nil
	} else if content != nil {
		content = &interruptible{w.ctx, content}
	}
	if err := w.visit(e, content); err != nil {
		return &visitError{err}
	}
	return nil
}

// bound is the limit for an image of so many bytes.
func (w *walker) bound(size int64) int64 {
	if w.limit > 0 {
		return w.limit
	}
	return 64<<20 + 32*size
}

// interruptible reads until the context ends.
type interruptible struct {
	ctx context.Context
	r   io.Reader
}

func (i *interruptible) Read(p []byte) (int, error) {
	if err := i.ctx.Err(); err != nil {
		return 0, err
	}
	return i.r.Read(p)
}

// disk visits partitions.
func (w *walker) disk(root string, c extent.Content) error {
	partitions, err := Partitions(c, c.Size())
	if err != nil {
		return err
	}
	if len(partitions) == 0 {
		// A virtual disk may hold a file system without partitions, or an ISO.
		if kind := Detect(c, c.Size()); kind != "" && kind != Disk {
			return w.walk(root, c, kind)
		}
		return errors.New("the disk has no partition table")
	}
	for _, p := range partitions {
		part := io.NewSectionReader(c, p.Offset, p.Size)
		if err := w.file(root, Entry{Path: p.Name, Mode: readable}, part); err != nil {
			return err
		}
	}
	return nil
}

// readable is the mode of files that have none.
const readable fs.FileMode = 0o444
