package oci

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/imgbuild/imgbuild/build/cache"
	"github.com/imgbuild/imgbuild/internal/needed"
	"github.com/imgbuild/imgbuild/internal/progress"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// Members of layers for tests.
func dirs(name string) tar.Header { return tar.Header{Typeflag: tar.TypeDir, Name: name, Mode: 0o755} }
func text(name, body string) tar.Header {
	return tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644, Size: int64(len(body)), Uname: body}
}
func link(kind byte, name, to string) tar.Header {
	return tar.Header{Typeflag: kind, Name: name, Linkname: to, Mode: 0o777}
}

// archived is a layer of these members. A file's content is its Uname.
func archived(t testing.TB, members ...tar.Header) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, h := range members {
		body := h.Uname
		h.Uname, h.Format = "", tar.FormatPAX
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if h.Typeflag == tar.TypeReg {
			if _, err := w.Write([]byte(body)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// made is a layout that a test changes before it is written.
type made struct {
	layers   [][]byte // unpacked
	config   v1.Image
	manifest v1.Manifest
	index    v1.Index
	blobs    map[digest.Digest][]byte
}

// put adds a blob.
func (m *made) put(kind string, b []byte) v1.Descriptor {
	d := v1.Descriptor{MediaType: kind, Digest: digest.FromBytes(b), Size: int64(len(b))}
	m.blobs[d.Digest] = b
	return d
}

func (m *made) json(kind string, v any) v1.Descriptor {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return m.put(kind, b)
}

// build makes an image of layers, in the order in which its parts name each other; before each that change may have its way.
func build(t testing.TB, layers [][]byte, change func(m *made, step string)) *made {
	t.Helper()
	m := &made{layers: layers, blobs: map[digest.Digest][]byte{}}
	m.config = v1.Image{Platform: v1.Platform{OS: "linux", Architecture: "amd64"}, RootFS: v1.RootFS{Type: "layers"}}
	m.manifest = v1.Manifest{Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: v1.MediaTypeImageManifest}
	for _, l := range layers {
		m.config.RootFS.DiffIDs = append(m.config.RootFS.DiffIDs, digest.FromBytes(l))
		var z bytes.Buffer
		w := gzip.NewWriter(&z)
		_, _ = w.Write(l)
		_ = w.Close()
		m.manifest.Layers = append(m.manifest.Layers, m.put(v1.MediaTypeImageLayerGzip, z.Bytes()))
	}
	change(m, "config")
	m.manifest.Config = m.json(v1.MediaTypeImageConfig, m.config)
	change(m, "manifest")
	d := m.json(v1.MediaTypeImageManifest, m.manifest)
	d.Annotations = map[string]string{v1.AnnotationRefName: "1"}
	m.index.SchemaVersion, m.index.Manifests = 2, []v1.Descriptor{d}
	change(m, "index")
	return m
}

func nothing(*made, string) {}

// layout writes the image into a folder, as an OCI layout.
func (m *made) layout(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	write := func(name string, b []byte) {
		t.Helper()
		at := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write(v1.ImageLayoutFile, []byte(`{"imageLayoutVersion":"1.0.0"}`))
	index, err := json.Marshal(m.index)
	if err != nil {
		t.Fatal(err)
	}
	write(v1.ImageIndexFile, index)
	for sum, b := range m.blobs {
		write("blobs/sha256/"+sum.Encoded(), b)
	}
	return dir
}

// packer packs by the host's mksquashfs.
func packer(t testing.TB) Packer {
	t.Helper()
	needed.Program(t, "mksquashfs")
	dir := t.TempDir()
	c, err := cache.OpenWith(filepath.Join(dir, "cache"), filepath.Join(dir, "index"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return Packer{Cache: c, Progress: progress.Discard, Epoch: time.Unix(1767225600, 0).UTC(), Compression: "zstd",
		With: func(_ context.Context, use func(string) error) error { return use("/") }}
}

// want is a want of an image at a place.
func want(t testing.TB, name, dir string, shifted bool) Want {
	t.Helper()
	image, err := Open(t.Context(), Place{Path: dir})
	if err != nil {
		t.Fatal(err)
	}
	return Want{spec.ImageWant{Name: name, Reference: dir, Shifted: shifted}, image}
}

// tried is what packing an image ends with.
func tried(t testing.TB, k Packer, dir, user string) error {
	t.Helper()
	image, err := Open(t.Context(), Place{Path: dir})
	if err != nil {
		return err
	}
	_, err = k.Pack(t.Context(), []Want{{spec.ImageWant{Name: "x", Reference: dir, Shifted: true, User: user}, image}})
	return err
}

// says checks an error.
func says(t testing.TB, err error, want string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v; want …%s…", err, want)
	}
}
