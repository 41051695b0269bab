package uki

import (
	"debug/pe"
	"fmt"
	"io"
)

// Section is one part of an image, where it lies in the file.
type Section struct {
	Name string
	// Offset in bytes from the file's start.
	Offset int64
	// Size in bytes, without what fills it up to a multiple of 512.
	Size int64
}

// Open reads the section's content out of the image.
func (s Section) Open(image io.ReaderAt) *io.SectionReader {
	return io.NewSectionReader(image, s.Offset, s.Size)
}

// Sections lists the sections of an image, or of any other PE file, in the order
// of their table. The stub's own are among them.
func Sections(image io.ReaderAt) ([]Section, error) {
	f, err := pe.NewFile(image)
	if err != nil {
		return nil, fmt.Errorf("reading the sections of a UKI: %w", err)
	}
	var all []Section
	for _, s := range f.Sections {
		// VirtualSize is the content's own length; a section without content has
		// one too, and of linkers' some are longer than what the file holds.
		all = append(all, Section{s.Name, int64(s.Offset), int64(min(s.VirtualSize, s.Size))})
	}
	return all, nil
}

// Find picks a section by name, such as ".initrd".
func Find(image io.ReaderAt, name string) (Section, error) {
	all, err := Sections(image)
	if err != nil {
		return Section{}, err
	}
	for _, s := range all {
		if s.Name == name {
			return s, nil
		}
	}
	return Section{}, fmt.Errorf("reading a UKI: it has no section %s", name)
}
