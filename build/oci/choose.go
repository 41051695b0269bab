package oci

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	v1 "github.com/opencontainers/image-spec/specs-go/v1"
)

// pick is the one for our platform among an index's: the first of those without a variant, for these run on any such processor, else
// the first. One that names no platform is meant where there is no other.
func pick(all []v1.Descriptor) (v1.Descriptor, error) {
	if len(all) > mostManifests {
		return v1.Descriptor{}, fmt.Errorf("an index of %d manifests; one may have %d", len(all), mostManifests)
	}
	var fits []v1.Descriptor
	var names []string
	for _, d := range all {
		switch {
		case d.Platform == nil && len(all) == 1:
			return d, nil
		case d.Platform == nil:
		case d.Platform.OS == system && d.Platform.Architecture == architecture:
			fits = append(fits, d)
		default:
			names = append(names, d.Platform.OS+"/"+d.Platform.Architecture)
		}
	}
	if i := slices.IndexFunc(fits, func(d v1.Descriptor) bool { return d.Platform.Variant == "" }); i > 0 {
		return fits[i], nil
	}
	if len(fits) == 0 {
		return v1.Descriptor{}, fmt.Errorf("it is not for %s, but for %s", ours, cmp.Or(strings.Join(slices.Compact(names), ", "), "no platform that it names"))
	}
	return fits[0], nil
}

// named is the one of a layout that a tag means; without a tag it is the only one.
func named(all []v1.Descriptor, tag string) (v1.Descriptor, error) {
	var names []string
	for _, d := range all {
		name := d.Annotations[v1.AnnotationRefName]
		if tag != "" && (name == tag || string(d.Digest) == tag) {
			return d, nil
		}
		if name != "" {
			names = append(names, ":"+name)
		}
	}
	switch {
	case len(all) == 0:
		return v1.Descriptor{}, errors.New("the layout holds no image")
	case tag == "" && len(all) == 1:
		return all[0], nil
	case tag == "" && len(names) < len(all):
		return pick(all)
	case tag == "":
		return v1.Descriptor{}, fmt.Errorf("the layout holds several images; accepted: its path and %s", strings.Join(names, ", "))
	}
	return v1.Descriptor{}, fmt.Errorf("the layout holds no image %q; accepted: its path and %s", tag, strings.Join(names, ", "))
}

// judgeManifest finds what is wrong with a manifest beyond single blobs.
func judgeManifest(d v1.Descriptor, m v1.Manifest) error {
	switch {
	case !slices.Contains(configTypes, m.Config.MediaType):
		return fmt.Errorf("the manifest %s is of something else than a container: its configuration is of the media type %q", d.Digest, m.Config.MediaType)
	case len(m.Layers) > mostLayers:
		return fmt.Errorf("the image has %d layers; overlayfs takes %d", len(m.Layers), mostLayers)
	case len(m.Layers) == 0:
		return errors.New("the image has no layers")
	}
	for _, l := range m.Layers {
		if err := valid(l); err != nil {
			return err
		}
		if err := judgeLayer(l.MediaType); err != nil {
			return err
		}
	}
	return nil
}

// layerTypes are how media types of layers begin; layerEnds how they end. By what one is compressed its own bytes say.
var (
	layerTypes = []string{"application/vnd.oci.image.layer.v1.tar", "application/vnd.oci.image.layer.nondistributable.v1.tar", "application/vnd.docker.image.rootfs.diff.tar"}
	layerEnds  = []string{"", "+gzip", ".gzip", "+zstd"}
)

func judgeLayer(mediaType string) error {
	for _, begin := range layerTypes {
		if end, ok := strings.CutPrefix(mediaType, begin); ok && slices.Contains(layerEnds, end) {
			return nil
		}
	}
	return fmt.Errorf("a layer is of the media type %q; accepted: tar, compressed by gzip, by zstd or not at all", mediaType)
}
