package sources

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/build/oci"
	"github.com/imgbuild/imgbuild/build/tree"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// imageFiles are container images as files of the machine's image: layers, which several may share, and descriptions. What is in an
// image, and its environment, is nobody's business but root's.
func imageFiles(packed []oci.Packed) (layers, described []tree.File) {
	inside := func(path string) string { return strings.TrimPrefix(path, "/") }
	uses := usesOf(packed)
	for i, p := range packed {
		if i == 0 {
			described = append(described, tree.File{Path: inside(spec.ImageDir), Mode: fs.ModeDir | 0o700, Why: "container images"})
		}
		text, err := json.MarshalIndent(p.Is, "", "  ")
		if err != nil {
			panic("BUG: " + err.Error())
		}
		text = append(text, '\n')
		described = append(described, tree.File{Path: inside(spec.ImageFile(p.Name)), Mode: 0o600, Size: int64(len(text)), Body: text,
			Why: fmt.Sprintf("%s: what %s is", p.Why, p.ImageWant.Reference)})
		for n, l := range p.Files {
			layers = append(layers, tree.File{Path: inside(l.File), Mode: 0o400, Size: l.Size,
				From: tree.Source{Store: "image", Name: p.ImageWant.Reference, Path: l.ID, Host: l.Host, SHA256: l.SHA256},
				Why:  fmt.Sprintf("%s: layer %d of %d of %s, %.1f MB unpacked", strings.Join(uses[l.File], ", "), n+1, len(p.Files), p.ImageWant.Reference, float64(l.Unpacked)/1e6)})
		}
	}
	return layers, described
}

// usesOf says what each layer is for, by its file: several images may share one.
func usesOf(packed []oci.Packed) map[string][]string {
	uses := map[string][]string{}
	for _, p := range packed {
		for _, l := range p.Files {
			if !slices.Contains(uses[l.File], p.Why) {
				uses[l.File] = append(uses[l.File], p.Why)
			}
		}
	}
	return uses
}
