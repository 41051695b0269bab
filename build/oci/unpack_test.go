package oci

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"testing"

	v1 "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/klauspost/compress/zstd"
)

// By what a layer is compressed changes nothing of it.
func TestCompressions(t *testing.T) {
	body := archived(t, dirs("etc"), text("etc/passwd", "root:x:0:0::/:\n"))
	gzipped := func(parts ...[]byte) []byte {
		var b bytes.Buffer
		for _, p := range parts {
			w := gzip.NewWriter(&b)
			_, _ = w.Write(p)
			_ = w.Close()
		}
		return b.Bytes()
	}
	z, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	var want string
	for _, c := range []struct {
		name, kind string
		blob       []byte
	}{
		{"gzip", v1.MediaTypeImageLayerGzip, gzipped(body)}, {"gzip in parts, as stargz has it", v1.MediaTypeImageLayerGzip, gzipped(body[:700], body[700:])},
		{"plain", v1.MediaTypeImageLayer, body}, {"zstd", v1.MediaTypeImageLayerZstd, z.EncodeAll(body, nil)},
		{"zstd in parts, as zstd:chunked has it", v1.MediaTypeImageLayerZstd, append(z.EncodeAll(body[:700], nil), z.EncodeAll(body[700:], nil)...)},
		{"docker's", "application/vnd.docker.image.rootfs.diff.tar.gzip", gzipped(body)},
	} {
		dir := build(t, [][]byte{body}, func(m *made, step string) {
			if step == "manifest" {
				m.manifest.Layers[0] = m.put(c.kind, c.blob)
			}
		}).layout(t)
		image, err := Open(t.Context(), Place{Path: dir})
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		packed, err := packer(t).Pack(t.Context(), []Want{{Image: image}})
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if sum := packed[0].Files[0].SHA256; want == "" {
			want = sum
		} else if sum != want {
			t.Errorf("%s: another squashfs", c.name)
		}
	}
}

// failingAfter gives an error after some bytes.
type failingAfter struct {
	left int
	err  error
}

func (f *failingAfter) Read(b []byte) (int, error) {
	if f.left == 0 {
		return 0, f.err
	}
	n := min(len(b), f.left)
	f.left -= n
	return n, nil
}

type failingWriter struct{ left int }

var errFull = errors.New("the disk is full")

func (f *failingWriter) Write(b []byte) (int, error) {
	if f.left -= len(b); f.left < 0 {
		return 0, errFull
	}
	return len(b), nil
}

// Who reads ahead of the writer ends with it, and says what either of them says.
func TestAhead(t *testing.T) {
	broken := errors.New("the cable is out")
	for name, c := range map[string]struct {
		r    io.Reader
		w    io.Writer
		n    int64
		want error
	}{
		"all":              {&failingAfter{10 << 20, io.EOF}, io.Discard, 10 << 20, nil},
		"nothing":          {&failingAfter{0, io.EOF}, io.Discard, 0, nil},
		"a reader fails":   {&failingAfter{5<<20 + 7, broken}, io.Discard, 5<<20 + 7, broken},
		"a writer fails":   {&failingAfter{1 << 40, io.EOF}, &failingWriter{3 << 20}, 3 << 20, errFull},
		"it ends too soon": {&failingAfter{100, io.ErrUnexpectedEOF}, io.Discard, 100, io.ErrUnexpectedEOF},
	} {
		n, err := ahead(c.w, c.r)
		if n != c.n || !errors.Is(err, c.want) || c.want == nil && err != nil {
			t.Errorf("%s: %d, %v; want %d, %v", name, n, err, c.n, c.want)
		}
	}
}
