package oci

import (
	"archive/tar"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/opencontainers/go-digest"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"
)

// What no honest layer has is refused with the reason, and leaves nothing in the cache but what was there.
func TestHostileLayers(t *testing.T) {
	owned := text("a", "")
	owned.Uid = 65536
	group := text("a", "")
	group.Gid = 1 << 31
	trusted := dirs("a/")
	trusted.PAXRecords = map[string]string{"SCHILY.xattr.trusted.overlay.redirect": "/etc"}
	users := text("a", "")
	users.PAXRecords = map[string]string{"SCHILY.xattr.user.overlay.opaque": "y"}
	caps := text("a", "")
	caps.PAXRecords = map[string]string{"SCHILY.xattr.security.capability": "root"}
	for name, c := range map[string]struct {
		members []tar.Header
		says    string
	}{
		"up":                        {[]tar.Header{text("../etc/passwd", "x")}, `"../etc/passwd": a name with ".." could lead out of the layer`},
		"up inside":                 {[]tar.Header{text("a/../../b", "x")}, `a name with ".."`},
		"absolute":                  {[]tar.Header{text("/etc/passwd", "x")}, `"/etc/passwd": a name is absolute`},
		"no directory for root":     {[]tar.Header{text(".", "x")}, "its root is no directory"},
		"below a link":              {[]tar.Header{link(tar.TypeSymlink, "a", "/etc"), text("a/passwd", "x")}, `"a/passwd" lies below "a", which is a symbolic link in the same layer`},
		"below a later link":        {[]tar.Header{text("a/b/passwd", "x"), link(tar.TypeSymlink, "a", "/etc")}, `lies below "a", which is a symbolic link`},
		"below a file":              {[]tar.Header{text("a", "x"), text("a/b", "x")}, `"a/b" lies below "a", which is a file in the same layer`},
		"gone through a link":       {[]tar.Header{link(tar.TypeSymlink, "a", "/etc"), text("a/.wh.passwd", "")}, `"a/passwd" lies below "a", which is a symbolic link`},
		"opaque through a link":     {[]tar.Header{link(tar.TypeSymlink, "a", "/etc"), text("a/.wh..wh..opq", "")}, `lies below "a", which is a symbolic link`},
		"gone up":                   {[]tar.Header{text("a/.wh...", "")}, "names nothing that could be"},
		"gone itself":               {[]tar.Header{text("a/.wh..", "")}, "names nothing that could be"},
		"gone nothing":              {[]tar.Header{text("a/.wh.", "")}, "names nothing that could be"},
		"gone by a directory":       {[]tar.Header{dirs(".wh.a")}, `".wh.a" stands for what is gone, and is no file`},
		"gone by a link":            {[]tar.Header{text("b", ""), link(tar.TypeLink, ".wh.a", "b")}, "stands for what is gone, and is no file"},
		"below what is gone":        {[]tar.Header{text(".wh.a/b", "")}, "lies below a name that stands for what is gone"},
		"aufs":                      {[]tar.Header{text(".wh..wh.plnk", "")}, "names nothing that could be"},
		"a character device":        {[]tar.Header{{Typeflag: tar.TypeChar, Name: "null", Devmajor: 1, Devminor: 3}}, `"null": a device, which an image must not bring`},
		"a disk":                    {[]tar.Header{{Typeflag: tar.TypeBlock, Name: "sda", Devmajor: 8}}, "a device, which an image must not bring"},
		"overlayfs' own whiteout":   {[]tar.Header{{Typeflag: tar.TypeChar, Name: "gone"}}, "a device, which an image must not bring"},
		"an unknown type":           {[]tar.Header{{Typeflag: tar.TypeCont, Name: "a"}}, "a member of the unknown type '7'"},
		"a hard link up":            {[]tar.Header{link(tar.TypeLink, "a", "../../etc/shadow")}, `a name with ".."`},
		"a hard link out":           {[]tar.Header{link(tar.TypeLink, "a", "/etc/shadow")}, "a name is absolute"},
		"a hard link to nothing":    {[]tar.Header{link(tar.TypeLink, "a", "etc/shadow")}, `"a" is a hard link to "etc/shadow", which is no file of the layer`},
		"a hard link to a link":     {[]tar.Header{link(tar.TypeSymlink, "s", "/etc/shadow"), link(tar.TypeLink, "a", "s")}, `"a" is a hard link to "s", which is no file of the layer`},
		"a hard link to a folder":   {[]tar.Header{dirs("d"), link(tar.TypeLink, "a", "d")}, "which is no file of the layer"},
		"hard links in a circle":    {[]tar.Header{link(tar.TypeLink, "a", "b"), link(tar.TypeLink, "b", "a")}, "which is no file of the layer"},
		"a hard link to itself":     {[]tar.Header{link(tar.TypeLink, "a", "a")}, "which is no file of the layer"},
		"an owner out of range":     {[]tar.Header{owned}, `"a": it belongs to 65536:0; accepted: 0 to 65535`},
		"a group out of range":      {[]tar.Header{group}, "it belongs to 0:2147483648; accepted: 0 to 65535"},
		"an attribute of overlayfs": {[]tar.Header{trusted}, `it has the attribute "trusted.overlay.redirect", which is overlayfs' own`},
		"one for users":             {[]tar.Header{users}, `it has the attribute "user.overlay.opaque"`},
		"capabilities":              {[]tar.Header{caps}, "its capabilities are of an unknown form"},
		"a long name":               {[]tar.Header{text(strings.Repeat("n", 256), "")}, "a name of 256 bytes; Linux takes 255"},
		"a long path":               {[]tar.Header{text(strings.Repeat("dir/", 1023)+"file", "")}, "a name of 4096 bytes; Linux takes 4095"},
		"a long target":             {[]tar.Header{link(tar.TypeSymlink, "a", strings.Repeat("t", 4096))}, "a link whose target is"},
	} {
		t.Run(name, func(t *testing.T) {
			k := packer(t)
			m := build(t, [][]byte{archived(t, c.members...)}, nothing)
			says(t, tried(t, k, m.layout(t), ""), c.says)
			if items, err := k.Cache.List(); err != nil || len(items) != 0 {
				t.Errorf("the cache holds %v, %v", items, err)
			}
			left, err := filepath.Glob(filepath.Join(k.Cache.Dir(), "tmp", "*"))
			if err != nil || len(left) != 0 {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
}

// An archive that says more of itself than tar's own writer will.
func TestDamagedArchives(t *testing.T) {
	whole := archived(t, text("a", strings.Repeat("x", 2000)))
	empty := archived(t, text("x", ""))
	sum := 0
	copy(empty, strings.Repeat("\x00", 100)) // the name
	copy(empty[148:], "        ")
	for _, b := range empty[:512] {
		sum += int(b)
	}
	copy(empty[148:], fmt.Sprintf("%06o\x00 ", sum))
	for name, c := range map[string]struct {
		layer []byte
		says  string
	}{
		"cut":     {whole[:1000], "it is no tar archive"},
		"no tar":  {bytes.Repeat([]byte("no tar "), 1000), "it is no tar archive"},
		"no name": {empty, `"": a name is empty`},
	} {
		t.Run(name, func(t *testing.T) {
			says(t, tried(t, packer(t), build(t, [][]byte{c.layer}, nothing).layout(t), ""), c.says)
		})
	}
}

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

// How much comes out of a layer nobody states: the limit is said.
func TestBombs(t *testing.T) {
	old := most
	t.Cleanup(func() { most = old })
	most = bounds{Layer: 1 << 20, Entries: 100}
	zeros := archived(t, text("zeros", strings.Repeat("\x00", 2<<20)))
	says(t, tried(t, packer(t), build(t, [][]byte{zeros}, nothing).layout(t), ""), "has more than 1048576 bytes unpacked, which is as much as one may have")
	var many []tar.Header
	for i := range 101 {
		many = append(many, text(fmt.Sprint(i), ""))
	}
	says(t, tried(t, packer(t), build(t, [][]byte{archived(t, many...)}, nothing).layout(t), ""), "it has more than 100 names, which is as many as one may have")
}

// A folder is no way to other files of this machine, and a pipe in it holds nobody up.
func TestHostileFolders(t *testing.T) {
	m := build(t, [][]byte{archived(t, dirs("a"))}, nothing)
	blob := "blobs/sha256/" + m.index.Manifests[0].Digest.Encoded()
	outside := filepath.Join(t.TempDir(), "manifest")
	if err := os.WriteFile(outside, m.blobs[m.index.Manifests[0].Digest], 0o600); err != nil {
		t.Fatal(err)
	}
	for name, put := range map[string]func(at string) error{
		"path escapes":       func(at string) error { return os.Symlink(outside, at) },
		"is no regular file": func(at string) error { return syscall.Mkfifo(at, 0o600) },
	} {
		dir := m.layout(t)
		at := filepath.Join(dir, blob)
		if err := os.Remove(at); err != nil {
			t.Fatal(err)
		}
		if err := put(at); err != nil {
			t.Fatal(err)
		}
		says(t, tried(t, packer(t), dir, ""), name)
	}
}
