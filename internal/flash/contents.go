package flash

import (
	"fmt"
	"io"
	"strings"

	"github.com/imgbuild/imgbuild/build/image"
	"github.com/imgbuild/imgbuild/internal/signature"
)

// Content is a disk, or a partition of it, and what was found there.
type Content struct {
	// Name is a partition's, empty for the disk as a whole.
	Name string
	// Size in bytes.
	Size  int64
	Found []signature.Found
	// Group is the LVM volume group that it belongs to, if any.
	Group string
}

// Contents tells what lies on a disk of so many bytes: first on the disk as a whole, then on each of its partitions.
func Contents(disk io.ReaderAt, size int64) ([]Content, error) {
	whole, err := content("", disk, size)
	all := []Content{whole}
	if err != nil {
		return all, err
	}
	parts, err := image.Partitions(disk, size)
	if err != nil { // a damaged table names no partitions
		return all, nil
	}
	for _, p := range parts {
		c, err := content(p.Name, io.NewSectionReader(disk, p.Offset, p.Size), p.Size)
		if all = append(all, c); err != nil {
			return all, err
		}
	}
	return all, nil
}

func content(name string, r io.ReaderAt, size int64) (Content, error) {
	found, err := signature.Look(r, size)
	if err != nil && name != "" {
		err = fmt.Errorf("partition %s: %w", name, err)
	}
	return Content{name, size, found, signature.VolumeGroup(r, size)}, err
}

// String is a line for a person; empty for a disk that has nothing outside of its partitions.
func (c Content) String() string {
	var words []string
	for _, f := range c.Found {
		if word := c.word(f); f.Kind != signature.Partitions && (len(words) == 0 || words[len(words)-1] != word) { // a copy of it
			words = append(words, word)
		}
	}
	switch what := strings.Join(words, ", "); {
	case c.Name == "":
		return what
	case what == "":
		return fmt.Sprintf("partition %s (%s)", c.Name, Bytes(c.Size))
	default:
		return fmt.Sprintf("partition %s (%s): %s", c.Name, Bytes(c.Size), what)
	}
}

// word is what people call a signature.
func (c Content) word(f signature.Found) string {
	what, name := f.Type, f.Name
	switch {
	case f.Type == "linux_raid_member":
		what = "a member of the md array"
		if name == "" {
			return "a member of an md array"
		}
	case f.Kind == signature.RAID:
		return "part of a " + name + ", which firmware made"
	case f.Type == "LVM2_member":
		what = "LVM"
		if name == "" {
			name = c.Group
		}
		if name != "" {
			what = "LVM, volume group"
		}
	case f.Type == "crypto_LUKS":
		what = "LUKS (encrypted)"
	}
	if name == "" {
		return what
	}
	return fmt.Sprintf("%s %q", what, name)
}

// RefuseMember tells of an array that the disk or one of its partitions belongs to, though it may not be running: a
// *RefusedError, or nil.
func RefuseMember(contents []Content, path string) error {
	for _, c := range contents {
		for _, f := range c.Found {
			if f.Kind != signature.RAID {
				continue
			}
			what := "it"
			if c.Name != "" {
				what = "its partition " + c.Name
			}
			return &RefusedError{path, fmt.Sprintf("%s is %s; when that may go, \"mdadm --zero-superblock\" or \"wipefs --all\" frees it", what, c.word(f))}
		}
	}
	return nil
}
