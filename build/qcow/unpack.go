package qcow

import (
	"bytes"
	"compress/flate"
	"fmt"
	"io"

	"github.com/imgbuild/imgbuild/build/foreign"
	"github.com/klauspost/compress/zstd"
)

// unpack reads a compressed cluster: its entry tells where it begins, to the byte, and
// how many sectors it reaches into.
func (d *Disk) unpack(entry uint64) error {
	if d.entry == entry {
		return nil
	}
	d.entry = 0
	split := 62 - (d.bits - 8)
	at := int64(entry & (1<<split - 1))
	sectors := int64(entry >> split & (1<<(d.bits-8) - 1))
	packed := make([]byte, (sectors+1)*512-at%512)
	n, err := d.file.ReadAt(packed, at)
	if n == 0 { // the last cluster need not fill its last sector
		return foreign.NoEOF(err)
	}
	if d.unpacked == nil {
		d.unpacked = make([]byte, 1<<d.bits)
	}
	var in io.Reader = flate.NewReader(bytes.NewReader(packed[:n]))
	if d.zstd {
		z, err := zstd.NewReader(bytes.NewReader(packed[:n]), zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(1<<maxBits))
		if err != nil {
			return err
		}
		defer z.Close()
		in = z
	}
	if _, err := io.ReadFull(in, d.unpacked); err != nil {
		return fmt.Errorf("unpacking a cluster: %w", foreign.NoEOF(err))
	}
	d.entry = entry
	return nil
}
