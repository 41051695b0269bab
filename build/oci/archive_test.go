package oci

import (
	"archive/tar"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	v1 "github.com/opencontainers/image-spec/specs-go/v1"
)

// savedBy writes an archive as "docker save" did for years: layers that are there twice are links.
func savedBy(t *testing.T, list []saved, change func([]tar.Header) []tar.Header) string {
	t.Helper()
	layer := archived(t, text("a", "1"))
	m := build(t, [][]byte{layer, layer}, nothing)
	config, err := json.Marshal(m.config)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	members := []tar.Header{text("c.json", string(config)), text("x/layer.tar", string(layer)), link(tar.TypeSymlink, "y/layer.tar", "../x/layer.tar"), text("manifest.json", string(rows))}
	file := filepath.Join(t.TempDir(), "docker.tar")
	if err := os.WriteFile(file, archived(t, change(members)...), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestDockerArchive(t *testing.T) {
	both := []string{"x/layer.tar", "y/layer.tar"}
	app, other := saved{"c.json", []string{"app:1"}, both}, saved{"none.json", []string{"docker.io/library/other:latest"}, both}
	same := func(h []tar.Header) []tar.Header { return h }
	for name, c := range map[string]struct {
		list   []saved
		change func([]tar.Header) []tar.Header
		named  string
		says   string // empty: it is read
	}{
		"the only one":    {[]saved{app}, same, "", ""},
		"by name":         {[]saved{other, app}, same, "app:1", ""},
		"by its whole":    {[]saved{other, app}, same, "docker.io/library/app:1", ""},
		"one of two":      {[]saved{other, app}, same, "", "the archive holds 2 images; accepted: its path, a colon and one of docker.io/library/other:latest, app:1"},
		"latest is meant": {[]saved{other, app}, same, "other", "none.json"},
		"another":         {[]saved{app}, same, "app:2", `the archive holds no image "app:2"; accepted: its path, a colon and one of app:1`},
		"none":            {nil, same, "", `the archive holds no image`},
		"no layers":       {[]saved{{"c.json", nil, nil}}, same, "", "the image has 0 layers"},
		"a layer less":    {[]saved{{"c.json", nil, both[:1]}}, same, "", "names 2 layers, and its manifest 1"},
		"no such layer":   {[]saved{{"c.json", nil, []string{"x/layer.tar", "z/layer.tar"}}}, same, "", "z/layer.tar"},
		"a path out":      {[]saved{{"/etc/hostname", nil, both}}, same, "", "/etc/hostname"},
		"links in a circle": {[]saved{app}, func(h []tar.Header) []tar.Header {
			h[1] = link(tar.TypeSymlink, "x/layer.tar", "../y/layer.tar")
			return h
		}, "", "links lead in a circle"},
		"a link out": {[]saved{app}, func(h []tar.Header) []tar.Header {
			h[1] = link(tar.TypeSymlink, "x/layer.tar", "/etc/hostname")
			return h
		}, "", "file does not exist"},
		"a device": {[]saved{app}, func(h []tar.Header) []tar.Header {
			h[1] = tar.Header{Typeflag: tar.TypeChar, Name: "x/layer.tar"}
			return h
		}, "", "is no regular file"},
		"other bytes": {[]saved{app}, func(h []tar.Header) []tar.Header {
			h[1] = text("x/layer.tar", string(archived(t, text("a", "2"))))
			return h
		}, "", "and the image's configuration says"},
	} {
		t.Run(name, func(t *testing.T) {
			image, err := Open(t.Context(), Place{savedBy(t, c.list, c.change), c.named})
			if err == nil {
				_, err = packer(t).Pack(t.Context(), []Want{{Image: image}})
			}
			if c.says != "" {
				says(t, err, c.says)
			} else if err != nil || image.Digest == "" {
				t.Errorf("%v", err)
			}
		})
	}
}

// What is neither a layout nor an archive says what would be.
func TestNoImage(t *testing.T) {
	dir := t.TempDir()
	plain := filepath.Join(dir, "plain.tar")
	if err := os.WriteFile(plain, archived(t, text("a", "1")), 0o644); err != nil {
		t.Fatal(err)
	}
	text := filepath.Join(dir, "text.tar")
	if err := os.WriteFile(text, []byte(strings.Repeat("no tar\n", 500)), 0o644); err != nil {
		t.Fatal(err)
	}
	for at, want := range map[string]string{
		dir: "is no OCI layout, for it has no oci-layout of version 1.0.0; accepted: what umoci and skopeo write", plain: "is no OCI layout", text: "is no tar archive",
	} {
		_, err := Open(t.Context(), Place{Path: at})
		says(t, err, want)
	}
}

// The tag of a layout says which of its images is meant; where it has one, nothing need be said.
func TestNamesOfALayout(t *testing.T) {
	d := func(name string) v1.Descriptor {
		return v1.Descriptor{Annotations: map[string]string{v1.AnnotationRefName: name}}
	}
	for tag, want := range map[string]string{
		"1": "", "2": "", "": "the layout holds several images; accepted: its path and :1, :2", "3": `the layout holds no image "3"; accepted: its path and :1, :2`,
	} {
		got, err := named([]v1.Descriptor{d("1"), d("2")}, tag)
		if want != "" {
			says(t, err, want)
		} else if err != nil || got.Annotations[v1.AnnotationRefName] != tag {
			t.Errorf("%s: %v, %v", tag, got, err)
		}
	}
	_, err := named(nil, "1")
	says(t, err, "the layout holds no image")
}
