package oci

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"
)

// dockerFile lists the images of an archive that "docker save" writes
// (https://github.com/moby/docker-image-spec/blob/main/v1.2.md, "Combined Image JSON + Filesystem Changeset Format").
const dockerFile = "manifest.json"

// saved is one of these.
type saved struct {
	Config   string
	RepoTags []string
	Layers   []string
}

// openDocker reads an image of such an archive. It has no manifest, so it is known by one that says the same: its configuration, and
// its layers as they are named there, uncompressed.
func openDocker(fsys fs.FS, list []byte, name string) (*Image, error) {
	var all []saved
	if err := json.Unmarshal(list, &all); err != nil {
		return nil, fmt.Errorf("the archive's %s is none: %w", dockerFile, err)
	}
	s, err := savedAs(all, name)
	if err != nil {
		return nil, err
	}
	if len(s.Layers) == 0 || len(s.Layers) > mostLayers {
		return nil, fmt.Errorf("the image has %d layers; accepted: 1 to %d", len(s.Layers), mostLayers)
	}
	text, err := readSmall(fsys, s.Config, mostJSON)
	if err != nil {
		return nil, err
	}
	image := &Image{}
	if image.Config, err = configOf(text, len(s.Layers)); err != nil {
		return nil, err
	}
	m := v1.Manifest{Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: v1.MediaTypeImageManifest,
		Config: v1.Descriptor{MediaType: v1.MediaTypeImageConfig, Digest: digest.FromBytes(text), Size: int64(len(text))}}
	for i, file := range s.Layers {
		f, err := fsys.Open(file)
		if err != nil {
			return nil, err
		}
		info, err := f.Stat()
		if err := errors.Join(err, f.Close()); err != nil {
			return nil, err
		}
		id := image.Config.RootFS.DiffIDs[i]
		m.Layers = append(m.Layers, v1.Descriptor{MediaType: v1.MediaTypeImageLayer, Digest: id, Size: info.Size()})
		image.layers = append(image.layers, layer{id, info.Size(), func(context.Context) (io.ReadCloser, error) { return fsys.Open(file) }})
	}
	if text, err = json.Marshal(m); err != nil {
		panic("BUG: " + err.Error())
	}
	image.Digest = string(digest.FromBytes(text))
	image.Pin, image.layers = image.Digest, lastOf(image.layers, layer.name)
	return image, nil
}

// savedAs is the one of an archive that a name means, with or without its registry and tag; without a name it is the only one.
func savedAs(all []saved, name string) (saved, error) {
	var names []string
	for _, s := range all {
		if name == "" && len(all) == 1 || name != "" && slices.ContainsFunc(s.RepoTags, func(tag string) bool { return sameName(tag, name) }) {
			return s, nil
		}
		names = append(names, s.RepoTags...)
	}
	if name == "" && len(all) > 0 {
		return saved{}, fmt.Errorf("the archive holds %d images; accepted: its path, a colon and one of %s", len(all), strings.Join(names, ", "))
	}
	if len(all) == 0 {
		return saved{}, errors.New("the archive holds no image")
	}
	return saved{}, fmt.Errorf("the archive holds no image %q; accepted: its path, a colon and one of %s", name, strings.Join(names, ", "))
}

// sameName says whether a person means a tag: docker leaves out docker.io/library/ and :latest.
func sameName(tag, name string) bool {
	if !strings.Contains(name[strings.LastIndexByte(name, '/')+1:], ":") {
		name += ":latest"
	}
	short := func(s string) string {
		return strings.TrimPrefix(strings.TrimPrefix(s, "docker.io/"), "library/")
	}
	return short(tag) == short(name)
}
