package squashfs

import (
	"fmt"

	"github.com/imgbuild/imgbuild/build/foreign"
)

var prefixes = map[uint16]string{0: "user.", 1: "trusted.", 2: "security."}

const (
	outOfLine = 1 << 8
	// maxValue is Linux's bound for a value, in bytes (XATTR_SIZE_MAX).
	maxValue = 64 << 10
	maxNames = 1 << 10
)

// Xattrs reads the extended attributes of a file, by their full names.
func (r *Reader) Xattrs(e Entry) (map[string]string, error) {
	all, err := r.xattrs(e.inode.xattrs)
	if err != nil {
		return nil, fmt.Errorf("reading extended attributes of %s in a squashfs: %w", e.Path, err)
	}
	return all, nil
}

func (r *Reader) xattrs(index uint32) (map[string]string, error) {
	table := r.Superblock.xattrTable
	if index == noXattrs || uint64(table) == nowhere {
		return nil, nil
	}
	head := make([]byte, 16)
	if err := foreign.Read(r.file, head, table); err != nil {
		return nil, err
	}
	start, count := int64(le.Uint64(head)), le.Uint32(head[8:])
	if index >= count {
		return nil, fmt.Errorf("set %d of %d", index, count)
	}
	set, err := r.lookup(table+16, int(index), 16)
	if err != nil {
		return nil, err
	}
	names := le.Uint32(set[8:])
	if names > maxNames {
		return nil, fmt.Errorf("%d attributes", names)
	}
	all := map[string]string{}
	s := r.stream(start, le.Uint64(set))
	for range names {
		h, err := s.take(4)
		if err != nil {
			return nil, err
		}
		kind := le.Uint16(h)
		name, err := s.take(int(le.Uint16(h[2:])))
		if err != nil {
			return nil, err
		}
		value, err := s.value()
		if err == nil && kind&outOfLine != 0 {
			if len(value) != 8 {
				return nil, fmt.Errorf("a reference of %d bytes", len(value))
			}
			value, err = r.stream(start, le.Uint64(value)).value()
		}
		if err != nil {
			return nil, err
		}
		prefix, ok := prefixes[kind&^outOfLine]
		if !ok {
			return nil, fmt.Errorf("an attribute of the unknown kind %d", kind)
		}
		all[prefix+string(name)] = string(value)
	}
	return all, nil
}

func (s *stream) value() ([]byte, error) {
	b, err := s.take(4)
	if err != nil {
		return nil, err
	}
	size := le.Uint32(b)
	if size > maxValue {
		return nil, fmt.Errorf("a value of %d bytes; Linux takes %d", size, maxValue)
	}
	return s.take(int(size))
}
