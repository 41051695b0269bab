package oci

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/imgbuild/imgbuild/build/cache"
)

// A packed layer is believed as far as the cache's record goes: one that is damaged is made anew, and is the same again.
func TestDamagedLayer(t *testing.T) {
	k := packer(t)
	dir := build(t, twoLayers(t), nothing).layout(t)
	pack := func() (packed []Packed, err error) {
		err = k.Cache.Mend(func() error {
			packed, err = k.Pack(t.Context(), []Want{want(t, "x", dir, true)})
			return err
		})
		return packed, err
	}
	first, err := pack()
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range first[0].Files {
		b, err := os.ReadFile(l.Host)
		if err != nil {
			t.Fatal(err)
		}
		b[len(b)/2] ^= 1
		if err := os.WriteFile(l.Host, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var bad *cache.DamageError
	if _, err := k.Pack(t.Context(), []Want{want(t, "x", dir, true)}); !errors.As(err, &bad) || bad.Kind != kindLayer {
		t.Errorf("without mending: %v", err)
	}
	again, err := pack()
	if err != nil || fmt.Sprint(again[0].Is) != fmt.Sprint(first[0].Is) {
		t.Errorf("%+v, %v; before %+v", again, err, first[0].Is)
	}
	files, err := filepath.Glob(filepath.Join(filepath.Dir(first[0].Files[0].Host), "*"))
	if err != nil || len(files) != 2 {
		t.Errorf("an entry holds %v", files)
	}
}

// What a packed layer is made from decides its place in the cache, and what it stands on does where it names directories of others.
func TestLayerKey(t *testing.T) {
	k := packer(t)
	base := archived(t, dirs("tmp"), text("tmp/a", "1"))
	sticky := dirs("tmp")
	sticky.Mode = 0o1777
	other := archived(t, sticky)
	top := archived(t, text("tmp/b", "2"))
	file := func(first, second []byte) string {
		t.Helper()
		packed, err := k.Pack(t.Context(), []Want{want(t, "x", build(t, [][]byte{first, second}, nothing).layout(t), false)})
		if err != nil {
			t.Fatal(err)
		}
		return packed[0].Is.Layers[1].File
	}
	if here := file(base, top); here != file(base, top) || here == file(other, top) {
		t.Error("a layer that has no directory of its own does not go by that of the lower one")
	}
	if whole := archived(t, dirs("tmp"), text("tmp/b", "2")); file(base, whole) != file(other, whole) {
		t.Error("a layer that stands by itself goes by the lower one")
	}
	l := layer{id: "sha256:1"}
	same := k.key(l, nil, 1, true)
	for what, other := range map[string]string{"first": k.key(l, nil, 2, true), "shifted": k.key(l, nil, 1, false), "layer": k.key(layer{id: "sha256:2"}, nil, 1, true),
		"compression": Packer{Epoch: k.Epoch, Compression: "xz"}.key(l, nil, 1, true), "tools": Packer{Epoch: k.Epoch, Compression: "zstd", Makers: []string{"x"}}.key(l, nil, 1, true),
		"epoch": Packer{Compression: "zstd"}.key(l, nil, 1, true)} {
		if other == same {
			t.Errorf("%s makes no other layer", what)
		}
	}
	says(t, tried(t, k, build(t, [][]byte{archived(t, link('2', "bin", "usr/bin")), archived(t, text("bin/x", ""))}, nothing).layout(t), ""), `it has files below "bin", which a lower layer has as a link to "usr/bin"`)
}

// Check judges as packing does, and leaves nothing anywhere.
func TestCheck(t *testing.T) {
	good, bad := build(t, twoLayers(t), nothing).layout(t), build(t, [][]byte{archived(t, text("../a", "")), archived(t, text("b", "")), archived(t, text("/c", ""))}, nothing).layout(t)
	if err := want(t, "x", good, true).Check(t.Context()); err != nil {
		t.Error(err)
	}
	err := want(t, "x", bad, true).Check(t.Context())
	says(t, err, `"../a": a name with ".."`)
	says(t, err, `"/c": a name is absolute`)
	damaged := build(t, twoLayers(t), func(m *made, step string) {
		if step == "index" {
			m.blobs[m.manifest.Layers[1].Digest] = append(m.blobs[m.manifest.Layers[1].Digest], 0)
		}
	}).layout(t)
	says(t, want(t, "x", damaged, true).Check(t.Context()), "has more than the")
}
