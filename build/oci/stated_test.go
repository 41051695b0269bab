package oci

import (
	"bytes"
	"testing"

	"github.com/opencontainers/go-digest"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"
)

// What an image states of itself is held against it, and bounds what is read.
func TestHostileImages(t *testing.T) {
	layer := archived(t, dirs("etc/"), text("etc/passwd", "root:x:0:0::/:/bin/sh\nlarge:x:70000:0::/:/bin/sh\n"))
	flip := func(b []byte) []byte { return append(bytes.Clone(b[:len(b)-1]), b[len(b)-1]^1) }
	at := func(step string, change func(m *made)) func(*made, string) {
		return func(m *made, s string) {
			if s == step {
				change(m)
			}
		}
	}
	first := func(m *made) v1.Descriptor { return m.index.Manifests[0] }
	config := func(change func(m *made)) func(*made, string) { return at("config", change) }
	for name, c := range map[string]struct {
		change     func(*made, string)
		user, says string
	}{
		"a layer's bytes": {at("index", func(m *made) {
			d := m.manifest.Layers[0].Digest
			m.blobs[d] = flip(m.blobs[d])
		}), "", "unpacking the layer"},
		"a layer's digest": {at("index", func(m *made) { // other bytes, and as good an archive
			d := m.manifest.Layers[0].Digest
			b := bytes.Clone(m.blobs[d])
			b[4] ^= 1 // gzip's time
			m.blobs[d] = b
		}), "", "holds other bytes than its name says"},
		"a layer that is longer":  {at("index", func(m *made) { d := m.manifest.Layers[0].Digest; m.blobs[d] = append(m.blobs[d], 0) }), "", "has more than the"},
		"a layer that is shorter": {at("manifest", func(m *made) { m.manifest.Layers[0].Size++ }), "", "has less than the"},
		"a huge layer":            {at("manifest", func(m *made) { m.manifest.Layers[0].Size = 1 << 40 }), "", "has 1099511627776 bytes; one may have 8589934592"},
		"a negative layer":        {at("manifest", func(m *made) { m.manifest.Layers[0].Size = -1 }), "", "has -1 bytes"},
		"another layer":           {config(func(m *made) { m.config.RootFS.DiffIDs[0] = digest.FromString("other") }), "", "and the image's configuration says sha256:"},
		"no digest":               {at("manifest", func(m *made) { m.manifest.Layers[0].Digest = "sha256:../../x" }), "", "is no digest"},
		"a weak digest":           {at("manifest", func(m *made) { m.manifest.Layers[0].Digest = "md5:d41d8cd98f00b204e9800998ecf8427e" }), "", "is no digest"},
		"the configuration":       {at("index", func(m *made) { d := m.manifest.Config.Digest; m.blobs[d] = flip(m.blobs[d]) }), "", "holds other bytes than its name says"},
		"the manifest":            {at("index", func(m *made) { d := first(m).Digest; m.blobs[d] = flip(m.blobs[d]) }), "", "holds other bytes than its name says"},
		"a huge manifest":         {at("index", func(m *made) { m.index.Manifests[0].Size = 1 << 62 }), "", "a document may have 4194304"},
		"no manifest":             {at("index", func(m *made) { delete(m.blobs, first(m).Digest) }), "", "not found"},
		"a manifest that is none": {at("index", func(m *made) { m.index.Manifests[0] = m.put(v1.MediaTypeImageManifest, []byte("[]")) }), "", "is none"},
		"another thing":           {at("index", func(m *made) { m.index.Manifests[0].MediaType = "text/html" }), "", `of the media type "text/html", which is no image`},
		"a layer that is no zstd": {at("manifest", func(m *made) {
			m.manifest.Layers[0] = m.put(v1.MediaTypeImageLayerZstd, []byte("\x28\xb5\x2f\xfdnothing"))
		}), "", "unpacking the layer"},
		"no container": {at("manifest", func(m *made) { m.manifest.Config.MediaType = "application/vnd.cncf.helm.config.v1+json" }), "", "of something else than a container"},
		"no layer":     {at("manifest", func(m *made) { m.manifest.Layers[0].MediaType = "application/vnd.oci.image.layer.v1.tar+encrypted" }), "", "a layer is of the media type"},
		"no layers":    {at("manifest", func(m *made) { m.manifest.Layers = nil }), "", "the image has no layers"},
		"too many layers": {at("manifest", func(m *made) {
			for len(m.manifest.Layers) < 128 {
				m.manifest.Layers = append(m.manifest.Layers, m.manifest.Layers[0])
			}
		}), "", "the image has 128 layers; overlayfs takes 127"},
		"layers that do not match": {config(func(m *made) { m.config.RootFS.DiffIDs = nil }), "", "names 0 layers, and its manifest 1"},
		"another processor":        {config(func(m *made) { m.config.Architecture = "arm64" }), "", `says that it is for "linux" on "arm64"; accepted: linux/amd64`},
		"another system":           {config(func(m *made) { m.config.OS = "windows" }), "", `says that it is for "windows"`},
		"an environment":           {config(func(m *made) { m.config.Config.Env = []string{"A=1", "B"} }), "", `has "B" in the environment; accepted: NAME=VALUE`},
		"a nameless environment":   {config(func(m *made) { m.config.Config.Env = []string{"=1"} }), "", `has "=1" in the environment`},
		"a relative directory":     {config(func(m *made) { m.config.Config.WorkingDir = "srv" }), "", `has the directory "srv"; accepted: an absolute one`},
		"a stop signal":            {config(func(m *made) { m.config.Config.StopSignal = "; reboot" }), "", `has the stop signal "; reboot"`},
		"a zero":                   {config(func(m *made) { m.config.Config.Cmd = []string{"a\x00b"} }), "", "has a text with a zero in it"},
		"a user that is not there": {config(func(m *made) { m.config.Config.User = "web" }), "", `the image has no account "web"`},
		"a group that is not":      {nothing, "root:web", `the image has no group "web"`},
		"a user out of range":      {nothing, "large", `"large" has the number 70000; accepted: 0 to 65535`},
		"a number out of range":    {nothing, "65536", "accepted: 0 to 65535"},
		"a number that is none":    {nothing, "4294967295", `the image has no account "4294967295"`},
		"indexes in each other": {at("index", func(m *made) {
			for range 6 {
				m.index.Manifests = []v1.Descriptor{m.json(v1.MediaTypeImageIndex, m.index)}
			}
		}), "", "indexes lie in each other, more than 4 deep"},
		"an index in a circle": {at("index", func(m *made) { // which only a lie about its digest can make
			d := first(m)
			d.MediaType = v1.MediaTypeImageIndex
			d.Annotations = nil
			m.index.Manifests = []v1.Descriptor{d}
			m.blobs[d.Digest] = m.blobs[m.json(v1.MediaTypeImageIndex, m.index).Digest]
		}), "", "the blob"},
		"a long index": {at("index", func(m *made) {
			for len(m.index.Manifests) < 1001 {
				m.index.Manifests = append(m.index.Manifests, first(m))
			}
		}), "", "has 1001 images; a layout may have 1000"},
		"no platform of ours": {at("index", func(m *made) {
			d := first(m)
			d.Platform = &v1.Platform{OS: "linux", Architecture: "arm64"}
			m.index.Manifests = []v1.Descriptor{m.json(v1.MediaTypeImageIndex, v1.Index{Manifests: []v1.Descriptor{d}})}
		}), "", "it is not for linux/amd64, but for linux/arm64"},
	} {
		t.Run(name, func(t *testing.T) {
			says(t, tried(t, packer(t), build(t, [][]byte{layer}, c.change).layout(t), c.user), c.says)
		})
	}
}
