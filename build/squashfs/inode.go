package squashfs

import (
	"fmt"
	"io/fs"
	"time"
)

// Types of inodes; the extended form of each has a number larger by seven.
const (
	typeDirectory = iota + 1
	typeFile
	typeLink
	typeBlock
	typeChar
	typePipe
	typeSocket
	extended = 7
)

var typeModes = map[uint16]fs.FileMode{
	typeDirectory: fs.ModeDir, typeFile: 0, typeLink: fs.ModeSymlink, typeBlock: fs.ModeDevice,
	typeChar: fs.ModeDevice | fs.ModeCharDevice, typePipe: fs.ModeNamedPipe, typeSocket: fs.ModeSocket,
}

const (
	noFragment = 1<<32 - 1
	noXattrs   = 1<<32 - 1
	pathMax    = 4096
	// maxBlocks bounds the list of a file's blocks.
	maxBlocks = 1 << 24
)

// inode is a file without its name.
type inode struct {
	mode         fs.FileMode
	uid, gid     uint32
	mtime        time.Time
	number       uint32
	links        uint32
	link         string
	major, minor uint32
	xattrs       uint32

	// Of a regular file.
	size       int64
	start      int64
	blocks     []uint32
	fragment   uint32
	fragmentAt uint32

	// Of a directory: its listing.
	listing     uint64 // a reference
	listingSize int64
}

// inode reads the inode at a reference into the inode table.
func (r *Reader) inode(reference uint64) (*inode, error) {
	s := r.stream(r.Superblock.inodeTable, reference)
	h, err := s.take(16)
	if err != nil {
		return nil, err
	}
	kind, perm := le.Uint16(h), le.Uint16(h[2:])
	long := kind > extended
	if long {
		kind -= extended
	}
	mode, ok := typeModes[kind]
	if !ok {
		return nil, fmt.Errorf("an inode of the unknown type %d", le.Uint16(h))
	}
	i := &inode{mode: mode | fs.FileMode(perm&0o777), mtime: time.Unix(int64(le.Uint32(h[8:])), 0).UTC(), number: le.Uint32(h[12:]), links: 1, xattrs: noXattrs}
	for bit, special := range map[uint16]fs.FileMode{0o4000: fs.ModeSetuid, 0o2000: fs.ModeSetgid, 0o1000: fs.ModeSticky} {
		if perm&bit != 0 {
			i.mode |= special
		}
	}
	for at, id := range map[int]*uint32{4: &i.uid, 6: &i.gid} {
		index := int(le.Uint16(h[at:]))
		if index >= r.Superblock.IDs {
			return nil, fmt.Errorf("owner %d of %d", index, r.Superblock.IDs)
		}
		b, err := r.lookup(r.Superblock.idTable, index, 4)
		if err != nil {
			return nil, fmt.Errorf("reading an owner: %w", err)
		}
		*id = le.Uint32(b)
	}
	switch kind {
	case typeDirectory:
		err = i.directory(s, long)
	case typeFile:
		err = i.file(s, long, int64(r.Superblock.BlockSize))
	default:
		err = i.other(s, kind, long)
	}
	return i, err
}

func (i *inode) directory(s *stream, long bool) error {
	if !long {
		b, err := s.take(16)
		if err == nil {
			i.links = le.Uint32(b[4:])
			i.listing, i.listingSize = uint64(le.Uint32(b))<<16|uint64(le.Uint16(b[10:])), int64(le.Uint16(b[8:]))
		}
		return err
	}
	b, err := s.take(24)
	if err == nil {
		i.links, i.xattrs = le.Uint32(b), le.Uint32(b[20:])
		i.listing, i.listingSize = uint64(le.Uint32(b[8:]))<<16|uint64(le.Uint16(b[18:])), int64(le.Uint32(b[4:]))
	}
	return err
}

func (i *inode) file(s *stream, long bool, blockSize int64) error {
	if long {
		b, err := s.take(40)
		if err != nil {
			return err
		}
		i.start, i.size, i.links = int64(le.Uint64(b)), int64(le.Uint64(b[8:])), le.Uint32(b[24:])
		i.fragment, i.fragmentAt, i.xattrs = le.Uint32(b[28:]), le.Uint32(b[32:]), le.Uint32(b[36:])
	} else {
		b, err := s.take(16)
		if err != nil {
			return err
		}
		i.start, i.fragment, i.fragmentAt, i.size = int64(le.Uint32(b)), le.Uint32(b[4:]), le.Uint32(b[8:]), int64(le.Uint32(b[12:]))
	}
	count := i.size / blockSize
	if i.fragment == noFragment && i.size%blockSize != 0 {
		count++
	}
	if i.size < 0 || i.start < 0 || count > maxBlocks {
		return fmt.Errorf("a file of %d bytes", i.size)
	}
	// Piece by piece: a damaged count must not reserve memory for what is not there.
	for left := int(count); left > 0; {
		n := min(left, metadataBlock/4)
		b, err := s.take(4 * n)
		if err != nil {
			return err
		}
		for at := 0; at < len(b); at += 4 {
			i.blocks = append(i.blocks, le.Uint32(b[at:]))
		}
		left -= n
	}
	return nil
}

func (i *inode) other(s *stream, kind uint16, long bool) error {
	b, err := s.take(4)
	if err != nil {
		return err
	}
	i.links = le.Uint32(b)
	switch kind {
	case typeLink:
		if b, err = s.take(4); err != nil {
			return err
		}
		size := le.Uint32(b)
		if size >= pathMax {
			return fmt.Errorf("a link's target of %d bytes; Linux takes %d", size, pathMax-1)
		}
		if b, err = s.take(int(size)); err != nil {
			return err
		}
		i.link = string(b)
	case typeBlock, typeChar:
		if b, err = s.take(4); err != nil {
			return err
		}
		v := le.Uint32(b)
		i.major, i.minor = v>>8&0xfff, v&0xff|v>>12&0xfff00
	}
	if long {
		if b, err = s.take(4); err != nil {
			return err
		}
		i.xattrs = le.Uint32(b)
	}
	return nil
}
