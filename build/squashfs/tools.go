package squashfs

import (
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/build/deb"
)

// Package is the one that brings mksquashfs.
const Package = "squashfs-tools"

// Makers are those of some packages that decide what bytes a squashfs has: mksquashfs' own and the compressors', by name and SHA-256.
// Others may come and go with the formats that are asked for.
func Makers(packages []deb.Package) (all []string) {
	for _, p := range packages {
		if p.Name == Package || slices.ContainsFunc([]string{"zlib", "liblzma", "libzstd"}, func(lib string) bool { return strings.HasPrefix(p.Name, lib) }) {
			all = append(all, p.Name+" "+p.SHA256)
		}
	}
	return all
}
