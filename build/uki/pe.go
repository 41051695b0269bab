package uki

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
)

// Places in a PE32+ file, as the Microsoft PE format specification numbers them:
// first from the file's start, then from that of the optional header.
const (
	peOffset      = 0x3c // u32: where "PE\0\0" lies
	coffSize      = 4 + 20
	coffSections  = 4 + 2  // u16, from "PE\0\0"
	coffSymbols   = 4 + 8  // u32: file offset of the symbols, u32: how many
	coffOptional  = 4 + 16 // u16: size of the optional header
	sectionHeader = 40

	optInitializedData  = 8 // u32
	optSectionAlignment = 32
	optFileAlignment    = 36
	optImageSize        = 56
	optHeadersSize      = 60
	optCheckSum         = 64
	optDirectories      = 108 // u32: how many
	optSecurity         = 144 // data directory 4: u32 file offset, u32 size of the certificates

	pe32Plus    = 0x20b
	fileAligned = 512 // what we align section contents to: a sector, which a BIOS loader can address

	// dataSection marks initialised data that may be read: IMAGE_SCN_CNT_INITIALIZED_DATA
	// and IMAGE_SCN_MEM_READ.
	dataSection = 0x40000040
)

var le = binary.LittleEndian

// header is the part of a PE file before the first section's content. Its slices
// share the bytes of the file, so that writing to them changes the file.
type header struct {
	optional []byte // up to the end of the section table's room
	at       int    // where optional begins in the file
	table    int    // where the section table begins in the file
	file     []byte
}

func (h *header) sections() int { return int(le.Uint16(h.file[h.at-coffSize+coffSections:])) }

func (h *header) setSections(n int) {
	le.PutUint16(h.file[h.at-coffSize+coffSections:], uint16(n))
}

func (h *header) dropSymbols() { clear(h.file[h.at-coffSize+coffSymbols:][:8]) }

// end is where the section table ends.
func (h *header) end() int { return h.table + h.sections()*sectionHeader }

func (h *header) u32(offset int) uint32       { return le.Uint32(h.optional[offset:]) }
func (h *header) set32(offset int, v uint32)  { le.PutUint32(h.optional[offset:], v) }
func (h *header) section(number int) peHeader { return h.file[h.table+number*sectionHeader:] }

// peHeader is one entry of the section table.
type peHeader []byte

func (s peHeader) virtualSize() uint32    { return le.Uint32(s[8:]) }
func (s peHeader) virtualAddress() uint32 { return le.Uint32(s[12:]) }
func (s peHeader) rawSize() uint32        { return le.Uint32(s[16:]) }
func (s peHeader) rawOffset() uint32      { return le.Uint32(s[20:]) }

func (s peHeader) name() string { return strings.TrimRight(string(s[:8]), "\x00") }

func (s peHeader) setName(name string) {
	clear(s[:8])
	copy(s[:8], name)
}

func (s peHeader) fill(name string, size, address, rawSize, rawOffset uint32) {
	clear(s[:sectionHeader])
	copy(s[:8], name)
	for at, v := range []uint32{size, address, rawSize, rawOffset} {
		le.PutUint32(s[8+4*at:], v)
	}
	le.PutUint32(s[36:], dataSection)
}

// parseHeader checks all that the accessors above rely on. head holds the file's
// first bytes; all of the headers must be among them.
func parseHeader(head []byte) (*header, error) {
	if len(head) < peOffset+4 || string(head[:2]) != "MZ" {
		return nil, errors.New("it is no PE file: it does not begin with MZ")
	}
	pe := int64(le.Uint32(head[peOffset:]))
	if pe+coffSize > int64(len(head)) || string(head[pe:pe+4]) != "PE\x00\x00" {
		return nil, errors.New("it is no PE file: the PE signature is missing")
	}
	h := &header{file: head, at: int(pe) + coffSize}
	h.table = h.at + int(le.Uint16(head[pe+coffOptional:]))
	if h.end() > len(head) || h.table-h.at < optSecurity+8 {
		return nil, errors.New("its PE headers are cut short")
	}
	h.optional = head[h.at:h.table]
	if magic := le.Uint16(h.optional); magic != pe32Plus {
		return nil, fmt.Errorf("its optional header is of type %#x, not PE32+ (%#x)", magic, pe32Plus)
	}
	if count := h.u32(optDirectories); count < 5 {
		return nil, fmt.Errorf("it has %d data directories, none for certificates", count)
	}
	if a := h.u32(optSectionAlignment); a == 0 || a&(a-1) != 0 {
		return nil, fmt.Errorf("its sections are aligned to %d, no power of two", a)
	}
	return h, nil
}
