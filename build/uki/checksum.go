package uki

import (
	"fmt"
	"io"
)

// checksum is that of the optional header: the file's 16-bit words added with
// end-around carry, and its length. The field itself counts as zero, which it must
// be in r. ImageHlp's CheckSumMappedFile computes the same.
func checksum(r io.ReaderAt, size int64) (uint32, error) {
	sum := uint64(0)
	buf := make([]byte, 1<<20)
	for at := int64(0); at < size; at += int64(len(buf)) {
		part := buf[:min(int64(len(buf)), size-at)]
		if _, err := r.ReadAt(part, at); err != nil && err != io.EOF {
			return 0, fmt.Errorf("adding up the checksum: %w", err)
		}
		for ; len(part) >= 4; part = part[4:] {
			// Carries of whole double words fold to the same 16 bits in the end.
			sum += uint64(le.Uint32(part))
		}
		for i, b := range part {
			sum += uint64(b) << (8 * i)
		}
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return uint32(sum + uint64(size)), nil
}
