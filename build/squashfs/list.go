package squashfs

import "fmt"

// Root returns the root of the file system, for List.
func (r *Reader) Root() (root Entry, err error) {
	w := &walk{r: r, seen: map[uint64]bool{}, flat: true, visit: func(e Entry) error {
		root = e
		return nil
	}}
	if err := w.entry(".", r.Superblock.root); err != nil {
		return root, fmt.Errorf("reading a squashfs: %w", err)
	}
	return root, nil
}

// List returns what a directory holds, sorted by name. Paths are as Walk gives them.
func (r *Reader) List(dir Entry) (all []Entry, err error) {
	w := &walk{r: r, seen: map[uint64]bool{}, flat: true, visit: func(e Entry) error {
		all = append(all, e)
		return nil
	}}
	if err := w.directory(dir.Path, dir.inode); err != nil {
		return nil, fmt.Errorf("reading a squashfs: %w", err)
	}
	return all, nil
}
