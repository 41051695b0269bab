package signature

import (
	"bytes"
	"errors"
	"io"
	"strings"
)

// mark is a few bytes that tell a type.
type mark struct {
	name string
	// at is where they lie; below zero, counted from the end.
	at    int64
	magic string
	label field
	// valid looks closer, where so few bytes come by chance.
	valid func(look) bool
}

// field is a text: where it begins on the device, and how many bytes it may have.
type field struct {
	at int64
	n  int
}

// look returns n bytes of a device, which are zeros where it has none.
type look func(offset int64, n int) []byte

// looking gives a probe its look, and tells what could not be read.
func looking(f func(r look, size int64) []Found) probe {
	return func(r io.ReaderAt, size int64) ([]Found, error) {
		var failed []error
		found := f(func(offset int64, n int) []byte {
			b, err := at(r, size, offset, n)
			if failed = append(failed, err); b == nil {
				b = make([]byte, n)
			}
			return b
		}, size)
		return found, errors.Join(failed...)
	}
}

// marks finds each type of a list once, by the first of its marks.
func marks(kind Kind, list []mark) probe {
	return looking(func(r look, size int64) (found []Found) {
		last := ""
		for _, m := range list {
			offset := m.at
			if offset < 0 {
				offset += size
			}
			if m.name == last || string(r(offset, len(m.magic))) != m.magic || m.valid != nil && !m.valid(r) {
				continue
			}
			last = m.name
			found = append(found, Found{Type: m.name, Kind: kind, At: offset, Name: text(r(m.label.at, m.label.n))})
		}
		return found
	})
}

// text is what stands before a zero, without the blanks that fill it up.
func text(b []byte) string {
	b, _, _ = bytes.Cut(b, []byte{0})
	return strings.ToValidUTF8(strings.TrimRight(string(b), " "), "?")
}
