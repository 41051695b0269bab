package cpio_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/imgbuild/imgbuild/build/cpio"
)

// modules is a megabyte that compresses as kernel modules do: code of few opcodes,
// zero-filled tables, symbol names.
func modules(size int) []byte {
	random := rand.New(rand.NewPCG(1, 2))
	var b bytes.Buffer
	for b.Len() < size {
		switch random.IntN(3) {
		case 0:
			for range 200 {
				b.Write([]byte{0x48, 0x8b, byte(random.IntN(8)) << 3, byte(random.ExpFloat64() * 16)})
			}
		case 1:
			b.Write(make([]byte, random.IntN(400)))
			b.Write(binary.LittleEndian.AppendUint64(nil, random.Uint64N(1<<20)))
		case 2:
			fmt.Fprintf(&b, "__x86_indirect_thunk_%c\x00driver_register_%d\x00", 'a'+rune(random.IntN(6)), random.IntN(50))
		}
	}
	return b.Bytes()[:size]
}

func TestSegmentsAreReproducible(t *testing.T) {
	data := modules(1 << 20)
	for _, c := range cpio.Writable() {
		for _, level := range []cpio.Level{cpio.Best, cpio.Fast} {
			whole := compress(t, c, level, data)
			var b bytes.Buffer
			w, err := cpio.Compress(&b, c, level)
			if err != nil {
				t.Fatal(err)
			}
			// Pieces of odd sizes, as files come.
			for rest := data; len(rest) > 0; {
				n := min(len(rest), 1+len(rest)%7919)
				if _, err := w.Write(rest[:n]); err != nil {
					t.Fatal(err)
				}
				rest = rest[n:]
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(whole, b.Bytes()) {
				t.Errorf("%s, level %d: the bytes depend on how they are written", c, level)
			}
			if len(whole)%4 != 0 {
				t.Errorf("%s, level %d: %d bytes are no multiple of 4", c, level, len(whole))
			}
			if c != cpio.None && len(whole) > len(data)/2 {
				t.Errorf("%s, level %d: %d of %d bytes", c, level, len(whole), len(data))
			}
		}
	}
}

func TestGzipHeaderHoldsNoTime(t *testing.T) {
	if b := compress(t, cpio.Gzip, cpio.Best, nil); !bytes.Equal(b[:8], []byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0}) {
		t.Errorf("% x", b[:8])
	}
}

func TestXZHasACRC32(t *testing.T) {
	if b := compress(t, cpio.XZ, cpio.Best, nil); b[7] != 1 {
		t.Errorf("check %d", b[7])
	}
}

func TestZstdWindow(t *testing.T) {
	var h zstd.Header
	if err := h.Decode(compress(t, cpio.Zstd, cpio.Best, modules(1<<20))); err != nil {
		t.Fatal(err)
	}
	if h.WindowSize > 8<<20 {
		t.Errorf("the window has %d bytes", h.WindowSize)
	}
}

func TestCompressionText(t *testing.T) {
	var c cpio.Compression
	if err := c.UnmarshalText([]byte("xz")); err != nil || c != cpio.XZ {
		t.Errorf("%q, %v", c, err)
	}
	want := `unknown compression "lz4": accepted are zstd, xz, gzip, none`
	if err := c.UnmarshalText([]byte("lz4")); err == nil || err.Error() != want || c != cpio.XZ {
		t.Errorf("%q, %v", c, err)
	}
	if _, err := cpio.Compress(io.Discard, "", cpio.Best); err == nil {
		t.Error("no compression was accepted as one")
	}
}

func BenchmarkCompress(b *testing.B) {
	data := modules(8 << 20)
	for _, c := range cpio.Writable() {
		for _, level := range []cpio.Level{cpio.Best, cpio.Fast} {
			b.Run(fmt.Sprintf("%s-%d", c, level), func(b *testing.B) {
				b.SetBytes(int64(len(data)))
				for b.Loop() {
					packed := compress(b, c, level, data)
					b.ReportMetric(float64(len(data))/float64(len(packed)), "ratio")
				}
			})
		}
	}
}
