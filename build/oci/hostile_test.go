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
