package cpio

import (
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
)

// zstdPieces follows a frame of RFC 8878 §3.1: header, blocks, checksum.
func zstdPieces(in *layer) func() (int64, error) {
	const (
		atHeader = iota
		atBlock
		atChecksum
		atEnd
	)
	state, checksum := atHeader, false
	return func() (int64, error) {
		switch state {
		case atHeader:
			// The header is at most that long; what is there may be less.
			start, err := in.peek(zstd.HeaderMaxSize)
			if err != nil && err != io.EOF {
				return 0, err
			}
			var h zstd.Header
			if err := h.Decode(start); err != nil {
				return 0, err
			}
			if h.WindowSize > maxWindow {
				return 0, fmt.Errorf("the zstd window of %d bytes is larger than the kernel's limit of %d", h.WindowSize, maxWindow)
			}
			if h.Skippable {
				state = atEnd
				return int64(h.HeaderSize) + int64(h.SkippableSize), nil
			}
			state, checksum = atBlock, h.HasCheckSum
			return int64(h.HeaderSize), nil
		case atBlock:
			b, err := in.need(3)
			if err != nil {
				return 0, err
			}
			last, kind, size := b[0]&1, b[0]>>1&3, int64(b[0]>>3)|int64(b[1])<<5|int64(b[2])<<13
			if last == 1 {
				state = atChecksum
			}
			// A run's size is that of its content, which is one byte here.
			if kind == 1 {
				size = 1
			}
			return 3 + size, nil
		case atChecksum:
			state = atEnd
			if checksum {
				return 4, nil
			}
		}
		return 0, io.EOF
	}
}
