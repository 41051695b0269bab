package cpio

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"
)

// Entry is one file of an archive.
type Entry struct {
	// Path as the archive has it, usually relative: "bin/sh", ".".
	Path string
	Mode fs.FileMode
	// Owner.
	UID, GID uint32
	// Inode and Links tell hard links: same inode, more than one link, and content
	// with the last of them only.
	Inode, Links uint32
	ModTime      time.Time
	// Size of the content in bytes; 0 for all but regular files.
	Size int64
	// Link is a symbolic link's target.
	Link string
	// Major and Minor number a device node.
	Major, Minor uint32
	// Segment counts the parts of the file that are compressed or not on their own,
	// from 0. Microcode updates come in an uncompressed one before the others.
	Segment int
	// Archive counts the archives, from 0: a segment may hold several, and numbers of
	// inodes mean nothing across them.
	Archive int
	// Start is where the archive lies in the file, or the compressed segment that holds it, in bytes.
	Start int64
	// Compression of that segment.
	Compression Compression
}

// Reader goes through everything that an initramfs holds: newc archives, compressed
// or not, one after the other, as init/initramfs.c of the kernel unpacks them.
// What the kernel would not unpack is an error here too.
type Reader struct {
	file, inner *layer
	segment     int
	archive     int
	compression Compression
	// start of the current archive, -1 between archives.
	start int64
	// budget is how many bytes may still come out of compressed segments.
	limit, budget int64
	// left is what remains of the current entry's content.
	left int64
	// inArchive is set behind an entry, when the next one is due at a multiple of four.
	inArchive bool
}

// NewReader reads an initramfs from r. When its compressed segments hold more than
// limit bytes, Next or Read returns a *TooLargeError. Close releases what
// decompressors hold.
func NewReader(r io.Reader, limit int64) *Reader {
	return &Reader{file: newLayer(r), segment: -1, start: -1, limit: limit, budget: limit}
}

// Close ends reading. The underlying reader stays open.
func (r *Reader) Close() error {
	if r.inner != nil {
		r.inner.close()
		r.inner = nil
	}
	return nil
}

// Next returns the next entry, io.EOF after the last one.
func (r *Reader) Next() (*Entry, error) {
	for {
		entry, err := r.next()
		switch {
		case err == io.EOF && r.inner != nil:
			// The segment is read to its end, the file goes on behind it.
			r.Close()
			r.compression, r.start = "", -1
		case err == io.EOF:
			return nil, io.EOF
		case err != nil:
			return nil, r.wrap(err)
		case entry != nil:
			return entry, nil
		}
	}
}

// Read reads the current entry's content.
func (r *Reader) Read(p []byte) (int, error) {
	if r.left == 0 {
		return 0, io.EOF
	}
	n, err := r.top().Read(p[:min(int64(len(p)), r.left)])
	r.left -= int64(n)
	if err == io.EOF && r.left > 0 {
		err = io.ErrUnexpectedEOF
	}
	if err != nil && err != io.EOF {
		err = r.wrap(err)
	}
	return n, err
}

// wrap says where in the file something is wrong.
func (r *Reader) wrap(err error) error {
	if r.inner == nil {
		return fmt.Errorf("reading an archive at byte %d: %w", r.file.pos, err)
	}
	return fmt.Errorf("reading an archive, segment %d (%s), byte %d of its content: %w", r.segment, r.compression, r.inner.pos, err)
}

func (r *Reader) top() *layer {
	if r.inner != nil {
		return r.inner
	}
	return r.file
}

// next makes one step: an entry, or none where a segment or an archive ended or began.
func (r *Reader) next() (*Entry, error) {
	in := r.top()
	if r.inArchive {
		if err := in.skip(r.left + padding(in.pos+r.left)); err != nil {
			return nil, err
		}
		r.left, r.inArchive = 0, false
	}
	if err := in.skipZeros(); err != nil {
		return nil, err
	}
	start, err := in.peek(len(magic))
	if err != nil && err != io.EOF {
		return nil, err
	}
	if string(start) == magic || string(start) == magicChecksum {
		if in.pos%4 != 0 {
			return nil, fmt.Errorf("an archive starts here, the kernel accepts that at multiples of 4 only")
		}
		if in == r.file && r.compression != None {
			r.segment, r.compression = r.segment+1, None
		}
		if r.start < 0 {
			r.start = in.pos
		}
		return r.entry(in)
	}
	if in == r.file {
		if c, ok := Detect(start); ok {
			r.start = in.pos
			r.segment, r.compression = r.segment+1, c
			r.inner, err = r.unpack(c)
			return nil, err
		}
	}
	return nil, unknown(start)
}

func unknown(start []byte) error {
	switch string(start[:min(4, len(start))]) {
	case "0707":
		return errors.New("this is a cpio archive of the old portable format, the kernel unpacks newc only")
	case "\x04\x22\x4d\x18":
		return errors.New("this is an LZ4 frame, the kernel unpacks the legacy format only (lz4 -l)")
	}
	return fmt.Errorf("neither an archive nor a compression the kernel knows starts with %q", start)
}

// entry reads a header, the name and, of a link, the target. It returns none at the
// end of an archive.
func (r *Reader) entry(in *layer) (*Entry, error) {
	raw := make([]byte, headerSize)
	if err := in.full(raw); err != nil {
		return nil, err
	}
	var h header
	if err := h.parse(raw[len(magic):]); err != nil {
		return nil, err
	}
	if h.nameSize == 0 || h.nameSize > pathMax {
		return nil, fmt.Errorf("a name of %d bytes; Linux takes 1 to %d", h.nameSize, pathMax)
	}
	name := make([]byte, h.nameSize)
	if err := in.full(name); err != nil {
		return nil, err
	}
	r.inArchive = true
	if name[len(name)-1] != 0 {
		return nil, fmt.Errorf("the name %q does not end with a NUL", name)
	}
	e := &Entry{Path: string(name[:len(name)-1]), Mode: fromBits(h.mode), UID: h.uid, GID: h.gid, Inode: h.ino, Links: h.nlink,
		ModTime: time.Unix(int64(h.mtime), 0), Major: h.major, Minor: h.minor, Segment: r.segment, Archive: r.archive, Start: r.start, Compression: r.compression}
	if e.Path == trailer {
		r.archive++
		if r.inner == nil {
			r.start = -1
		}
		r.left = int64(h.size)
		return nil, nil
	}
	if err := in.skip(padding(in.pos)); err != nil {
		return nil, err
	}
	r.left = int64(h.size)
	switch e.Mode.Type() {
	case fs.ModeSymlink:
		if h.size > pathMax {
			return nil, fmt.Errorf("%s: a link's target of %d bytes; Linux takes %d", e.Path, h.size, pathMax)
		}
		target := make([]byte, h.size)
		if err := in.full(target); err != nil {
			return nil, err
		}
		e.Link, r.left = string(target), 0
	case 0:
		e.Size = int64(h.size)
	}
	return e, nil
}
