package oci

import (
	"maps"
	"testing"

	"github.com/opencontainers/go-digest"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// Images that share a layer, be it by way of a third, have one range; ranges go by names, whatever the order of the wants.
func TestRanges(t *testing.T) {
	w := func(name string, shifted bool, ids ...string) Want {
		image := &Image{}
		for _, id := range ids {
			image.layers = append(image.layers, layer{id: digest.Digest(id)})
		}
		return Want{spec.ImageWant{Name: name, Shifted: shifted}, image}
	}
	const first, each = 0x80000, 65536
	for name, c := range map[string]struct {
		wants []Want
		want  map[string]uint32
	}{
		"nothing":          {nil, map[string]uint32{}},
		"apart":            {[]Want{w("b", true, "2"), w("a", true, "1")}, map[string]uint32{"a": first, "b": first + each}},
		"one base":         {[]Want{w("a", true, "0", "1"), w("b", true, "2"), w("c", true, "0", "3")}, map[string]uint32{"a": first, "b": first + each, "c": first}},
		"the same":         {[]Want{w("a", true, "1"), w("b", true, "1")}, map[string]uint32{"a": first, "b": first}},
		"by a third":       {[]Want{w("a", true, "1"), w("b", true, "2"), w("c", true, "1", "2"), w("d", true, "3")}, map[string]uint32{"a": first, "b": first, "c": first, "d": first + each}},
		"by a chain":       {[]Want{w("a", true, "1"), w("b", true, "2"), w("c", true, "2", "3"), w("d", true, "3", "1")}, map[string]uint32{"a": first, "b": first, "c": first, "d": first}},
		"not shifted":      {[]Want{w("a", false, "1"), w("b", true, "1"), w("c", true, "2")}, map[string]uint32{"b": first, "c": first + each}},
		"the first is not": {[]Want{w("a", false, "1")}, map[string]uint32{}},
	} {
		if got := ranges(c.wants); !maps.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// A layer of several images is packed once; one whose owners are shifted and also are not is there twice.
func TestSharedLayers(t *testing.T) {
	base, top := archived(t, text("a", "base")), archived(t, text("b", "top"))
	one := build(t, [][]byte{base}, nothing).layout(t)
	two := build(t, [][]byte{base, top}, nothing).layout(t)
	packed, err := packer(t).Pack(t.Context(), []Want{want(t, "one", one, true), want(t, "plain", one, false), want(t, "two", two, true)})
	if err != nil {
		t.Fatal(err)
	}
	a, plain, b := packed[0].Is, packed[1].Is, packed[2].Is
	if a.Layers[0] != b.Layers[0] || a.First != spec.FirstOwner || b.First != a.First {
		t.Errorf("not shared: %+v and %+v", a, b)
	}
	if plain.First != 0 || plain.Layers[0].File == a.Layers[0].File {
		t.Errorf("shifted or not is one: %+v and %+v", plain, a)
	}
}
