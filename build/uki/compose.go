package uki

import (
	"bytes"
	"errors"
	"fmt"
	"math"

	"github.com/imgbuild/imgbuild/build/extent"
)

// page is the alignment of sections in memory. Kernels from 6.1 on ask for it, and
// the stub's own alignment may be lower.
const page = 4096

// section is one to be added.
type section struct {
	name    string
	content extent.Content
}

// compose adds sections behind those of the stub, in memory as in the file.
func compose(stub []byte, added []section) (*extent.Image, error) {
	head := append([]byte(nil), stub...)
	h, err := parseHeader(head)
	if err != nil {
		return nil, fmt.Errorf("the stub is unfit: %w", err)
	}
	if h.u32(optSecurity) != 0 {
		return nil, errors.New("the stub is unfit: it is signed, and what is added would break the signature")
	}
	old := h.sections()
	if room := h.end() + len(added)*sectionHeader; room > int(h.u32(optHeadersSize)) || room > len(head) {
		return nil, fmt.Errorf("the stub is unfit: its headers have no room for %d more sections", len(added))
	}
	end := int(h.u32(optHeadersSize))
	address, data := uint64(0), uint64(h.u32(optInitializedData))
	for i := range old {
		s := h.section(i)
		end = max(end, int(s.rawOffset())+int(s.rawSize()))
		address = max(address, uint64(s.virtualAddress())+uint64(s.virtualSize()))
	}
	if end > len(head) {
		return nil, fmt.Errorf("the stub is unfit: its sections end at %d, the file at %d", end, len(head))
	}
	// A linker's symbols lie behind the sections, where they would tear a gap into the
	// signed part of the file.
	head = head[:end]
	h.dropSymbols()

	offset := align(uint64(end), fileAligned)
	placed := make([]uint64, len(added))
	for i, add := range added {
		size := uint64(add.content.Size())
		address = align(address, page)
		if address+size > math.MaxUint32 || offset+size > math.MaxUint32 {
			return nil, fmt.Errorf("%s of %d bytes leads past 4 GiB, which PE cannot address", add.name, size)
		}
		raw := align(size, fileAligned)
		h.section(old+i).fill(add.name, uint32(size), uint32(address), uint32(raw), uint32(offset))
		placed[i] = offset
		address, offset, data = address+size, offset+raw, data+raw
	}
	h.setSections(old + len(added))
	h.set32(optInitializedData, uint32(data))
	h.set32(optImageSize, uint32(align(address, uint64(max(h.u32(optSectionAlignment), page)))))
	h.set32(optCheckSum, 0)

	image := extent.New(int64(offset))
	image.Place(0, bytes.NewReader(head))
	for i, add := range added {
		image.Place(int64(placed[i]), add.content)
	}
	sum, err := checksum(image, image.Size())
	if err != nil {
		return nil, err
	}
	h.set32(optCheckSum, sum) // head is what the image reads
	return image, nil
}

// Replace gives a program another section in the place of the one called name: at its end, and the old one loses its name. It
// returns where the content begins in the image, in bytes, a multiple of 512.
func Replace(program []byte, name string, content extent.Content) (*extent.Image, int64, error) {
	program = bytes.Clone(program)
	h, err := parseHeader(program)
	if err != nil {
		return nil, 0, err
	}
	found := false
	for i := range h.sections() {
		if s := h.section(i); s.name() == name {
			s.setName(".old")
			found = true
		}
	}
	if !found {
		return nil, 0, fmt.Errorf("it has no section %s", name)
	}
	image, err := compose(program, []section{{name, content}})
	if err != nil {
		return nil, 0, err
	}
	at, err := Find(image, name)
	return image, at.Offset, err
}

func align(n, to uint64) uint64 { return (n + to - 1) &^ (to - 1) }
