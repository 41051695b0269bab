package cpio

import (
	"bytes"
	"fmt"
	"strings"
)

// Compression is how a segment is compressed. The zero value is not one.
type Compression string

// Compressions a segment can be written with.
const (
	Zstd Compression = "zstd"
	XZ   Compression = "xz"
	Gzip Compression = "gzip"
	None Compression = "none"
)

// Compressions a segment can be read with as well.
const (
	LZ4   Compression = "lz4"
	LZO   Compression = "lzo"
	Bzip2 Compression = "bzip2"
	LZMA  Compression = "lzma"
)

// Writable lists what Compress accepts, best default first.
func Writable() []Compression { return []Compression{Zstd, XZ, Gzip, None} }

// UnmarshalText accepts what Writable lists.
func (c *Compression) UnmarshalText(text []byte) error {
	var names []string
	for _, known := range Writable() {
		if string(text) == string(known) {
			*c = known
			return nil
		}
		names = append(names, string(known))
	}
	return fmt.Errorf("unknown compression %q: accepted are %s", text, strings.Join(names, ", "))
}

// Detect names the compression of what starts with b, as lib/decompress.c of the
// kernel does. An LZ4 stream is known by the legacy magic only, like there. Six bytes are enough.
func Detect(b []byte) (Compression, bool) {
	for _, m := range []struct {
		magic       string
		compression Compression
	}{
		{"\x28\xb5\x2f\xfd", Zstd},
		{"\xfd7zXZ\x00", XZ},
		{"\x1f\x8b", Gzip},
		{"\x1f\x9e", Gzip},
		{"\x02\x21\x4c\x18", LZ4},
		{lzopMagic[:6], LZO},
		{"BZh", Bzip2},
		{"\x5d\x00\x00", LZMA},
	} {
		if bytes.HasPrefix(b, []byte(m.magic)) {
			return m.compression, true
		}
	}
	return "", false
}
