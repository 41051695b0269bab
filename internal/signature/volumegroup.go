package signature

import (
	"bytes"
	"encoding/binary"
	"io"
	"strings"
)

// VolumeGroup is the name of the LVM group that a device of so many bytes belongs to; "" where it belongs to none, or its
// metadata cannot be made out. Layout: lib/format_text/layout.h and lib/label/label.h in LVM's source.
func VolumeGroup(r io.ReaderAt, size int64) string {
	const sector, header, longest = 512, 512, 128 // a name has up to 127 bytes (lvm(8))
	le := binary.LittleEndian
	piece := func(offset int64, n int) []byte {
		b := make([]byte, n)
		if offset < 0 || offset > size-int64(n) {
			return nil
		}
		if got, _ := r.ReadAt(b, offset); got < n {
			return nil
		}
		return b
	}
	for label := int64(0); label < 4*sector; label += sector {
		b := piece(label, sector)
		if b == nil || string(b[:8]) != "LABELONE" || string(b[24:32]) != "LVM2 001" {
			continue
		}
		// The device's own UUID and size, then pairs of place and length: data, zeros, metadata, zeros.
		pair, ends := int(le.Uint32(b[20:]))+32+8, 0
		for ; pair >= 0 && pair+16 <= len(b) && ends < 2; pair += 16 {
			area := int64(le.Uint64(b[pair:]))
			if area == 0 {
				ends++
				continue
			}
			if ends == 0 {
				continue
			}
			m := piece(area, header)
			if m == nil || string(m[4:20]) != "\x20LVM2\x20x[5A%r0N*>" {
				continue
			}
			if name, _, ok := bytes.Cut(piece(area+int64(le.Uint64(m[40:])), longest), []byte(" {")); ok {
				return strings.ToValidUTF8(string(name), "?")
			}
		}
	}
	return ""
}
