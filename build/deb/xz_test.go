package deb

import (
	"bytes"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
)

// noise is text that compresses somewhat, the same in every run.
func noise(n int) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	b := make([]byte, n)
	for i := range b {
		b[i] = "abcdefgh"[r.IntN(8)]
	}
	return b
}

// packXZ compresses in blocks of the given size, 0 for a single one.
func packXZ(t testing.TB, data []byte, block int64, check byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := xz.WriterConfig{BlockSize: block, CheckSum: check, DictCap: 1 << 16}.NewWriter(&b)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func unpackXZ(packed []byte) ([]byte, error) {
	r, err := newXZ(io.NewSectionReader(bytes.NewReader(packed), 0, int64(len(packed))))
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

func TestXZ(t *testing.T) {
	data := noise(100_000)
	for _, test := range []struct {
		name   string
		packed []byte
		want   []byte
		blocks int
	}{
		{"one block", packXZ(t, data, 0, xz.CRC64), data, 1},
		{"many blocks", packXZ(t, data, 7_000, xz.CRC64), data, 15},
		{"even blocks", packXZ(t, data, 25_000, xz.CRC32), data, 4},
		{"no check", packXZ(t, data, 50_000, xz.SHA256), data, 2},
		{"empty", packXZ(t, nil, 0, xz.CRC64), []byte{}, 1},
		{"two streams", append(packXZ(t, data, 0, xz.CRC64), packXZ(t, data, 0, xz.CRC64)...), append(bytes.Clone(data), data...), -1},
	} {
		got, err := unpackXZ(test.packed)
		if err != nil || !bytes.Equal(got, test.want) {
			t.Errorf("%s: %d bytes, %v", test.name, len(got), err)
		}
		_, blocks, err := xzIndex(io.NewSectionReader(bytes.NewReader(test.packed), 0, int64(len(test.packed))))
		if test.blocks < 0 != (err != nil) || test.blocks >= 0 && len(blocks) != test.blocks {
			t.Errorf("%s: %d blocks, %v, want %d", test.name, len(blocks), err, test.blocks)
		}
	}
}

// TestXZDamage flips every 97th byte in turn: what comes out is an error or, where
// the byte means nothing, what went in.
func TestXZDamage(t *testing.T) {
	data := noise(20_000)
	packed := packXZ(t, data, 6_000, xz.CRC64)
	for i := 0; i < len(packed); i += 97 {
		bad := bytes.Clone(packed)
		bad[i] ^= 0x10
		if got, err := unpackXZ(bad); err == nil && !bytes.Equal(got, data) {
			t.Errorf("byte %d of %d: damage goes unnoticed", i, len(packed))
		}
	}
	if _, err := unpackXZ(packed[:len(packed)/2]); err == nil {
		t.Error("half a file unpacks")
	}
}

func FuzzXZIndex(f *testing.F) {
	f.Add(packXZ(f, noise(9_000), 3_000, xz.CRC32))
	f.Add([]byte("\xfd7zXZ\x00\x00\x010000\x000000000\x00\x00\x00\x00\x00\x01YZ")) // an index of four bytes
	f.Fuzz(func(t *testing.T, b []byte) {
		r := io.NewSectionReader(bytes.NewReader(b), 0, int64(len(b)))
		_, blocks, err := xzIndex(r)
		if err != nil {
			return
		}
		for _, block := range blocks {
			if block.offset < 0 || block.unpadded < 0 || block.size < 0 || block.offset+block.padded() > int64(len(b)) {
				t.Errorf("%+v in %d bytes", block, len(b))
			}
		}
	})
}

func TestDecompress(t *testing.T) {
	data := noise(10_000)
	z, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, packed := range map[string][]byte{
		"data.tar":     data,
		"data.tar.gz":  []byte(gz(t, data)),
		"data.tar.xz":  packXZ(t, data, 0, xz.CRC64),
		"data.tar.zst": z.EncodeAll(data, nil),
	} {
		r, err := decompress(io.NewSectionReader(bytes.NewReader(packed), 0, int64(len(packed))), name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, data) {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
		r.Close()
	}
	if _, err := decompress(io.NewSectionReader(bytes.NewReader(data), 0, 1), "data.tar.rar"); err == nil {
		t.Error("an unknown compression is no error")
	}
}
