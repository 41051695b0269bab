package squashfs

import (
	"fmt"
	"io"

	"github.com/imgbuild/imgbuild/build/foreign"
)

// plainBlock in a data block's size says that it is not compressed.
const plainBlock = 1 << 24

// Content reads a regular file, from its start to its end.
func (r *Reader) Content(e Entry) io.Reader {
	return &content{r: r, i: e.inode, at: e.inode.start, left: e.inode.size}
}

type content struct {
	r    *Reader
	i    *inode
	at   int64 // of the next block
	next int   // its number
	left int64 // bytes not yet in buf
	buf  []byte
}

func (c *content) Read(p []byte) (int, error) {
	if len(c.buf) == 0 {
		if c.left == 0 {
			return 0, io.EOF
		}
		if err := c.fill(); err != nil {
			return 0, fmt.Errorf("reading the content of inode %d: %w", c.i.number, err)
		}
	}
	n := copy(p, c.buf)
	c.buf = c.buf[n:]
	return n, nil
}

// fill reads the next block, or the fragment behind the last one.
func (c *content) fill() error {
	want := min(c.left, int64(c.r.Superblock.BlockSize))
	if c.next == len(c.i.blocks) {
		b, err := c.r.readFragment(c.i.fragment)
		if err != nil {
			return err
		}
		if int64(c.i.fragmentAt)+want > int64(len(b)) {
			return fmt.Errorf("%d bytes at %d of a fragment of %d", want, c.i.fragmentAt, len(b))
		}
		c.buf = b[c.i.fragmentAt:][:want]
		c.left -= want
		return nil
	}
	size := c.i.blocks[c.next]
	b, err := c.r.data(c.at, size)
	if err != nil {
		return err
	}
	if size == 0 { // a hole
		b = make([]byte, want)
	}
	if int64(len(b)) != want {
		return fmt.Errorf("a block of %d bytes, expected %d", len(b), want)
	}
	c.at += int64(size &^ plainBlock)
	c.next++
	c.buf = b
	c.left -= want
	return nil
}

// data reads a block of file contents.
func (r *Reader) data(at int64, header uint32) ([]byte, error) {
	size := int(header &^ plainBlock)
	if size > r.Superblock.BlockSize {
		return nil, fmt.Errorf("a block of %d bytes at byte %d", size, at)
	}
	b := make([]byte, size)
	if err := foreign.Read(r.file, b, at); err != nil {
		return nil, err
	}
	if header&plainBlock != 0 || size == 0 {
		return b, nil
	}
	b, err := r.unpack(b, r.Superblock.BlockSize)
	if err != nil {
		return nil, fmt.Errorf("unpacking the block at byte %d: %w", at, err)
	}
	return b, nil
}

// readFragment reads a block that holds the ends of several files.
func (r *Reader) readFragment(number uint32) ([]byte, error) {
	if number == r.fragmentNumber && number != noFragment {
		return r.fragment, nil
	}
	if int64(number) >= int64(r.Superblock.fragments) {
		return nil, fmt.Errorf("fragment %d of %d", number, r.Superblock.fragments)
	}
	e, err := r.lookup(r.Superblock.fragmentTable, int(number), 16)
	if err != nil {
		return nil, err
	}
	b, err := r.data(int64(le.Uint64(e)), le.Uint32(e[8:]))
	if err == nil {
		r.fragment, r.fragmentNumber = b, number
	}
	return b, err
}
