// Package deb takes files from Debian packages without installing any: apt, as an
// ordinary user and with state of its own, finds and downloads packages; what they
// hold is unpacked into the cache, and of that the files that are wanted are picked
// together with the libraries they need.
package deb

import (
	"fmt"
	"strings"
)

// Package is one version of a package, as a lock pins it.
type Package struct {
	Name, Version, Arch string
	// SHA256 of the .deb in hex, and its size in bytes.
	SHA256 string
	Size   int64
	// File is the .deb's name as apt stores it, such as zlib1g_1%3a1.2.13_amd64.deb.
	// It names no host: any mirror will do. Resolve and Kernel set it; it follows from the
	// rest, and nothing else needs it.
	File string
}

// String is the package as apt-get takes it: name=version.
func (p Package) String() string { return p.Name + "=" + p.Version }

// NoPackageError says that no source in /etc/apt has a package.
type NoPackageError struct {
	Name string
	// Suggest holds names that are close to it, the closest first.
	Suggest []string
}

func (e *NoPackageError) Error() string {
	return fmt.Sprintf("no package %s in the sources of /etc/apt%s", e.Name, didYouMean(e.Suggest))
}

// GoneError says that the mirror no longer has a version that was asked for.
type GoneError struct {
	Package Package
	// Available is the version that it would install now, or "" where it no longer
	// has the package at all.
	Available string
}

func (e *GoneError) Error() string {
	if e.Available == "" {
		return fmt.Sprintf("%s %s is gone from the mirror, and no other version is there", e.Package.Name, e.Package.Version)
	}
	return fmt.Sprintf("%s %s is gone from the mirror, which has %s now", e.Package.Name, e.Package.Version, e.Available)
}

// HashError says that a .deb is not the one that was asked for.
type HashError struct {
	Package Package
	// SHA256 is what was found, in hex; Where says where.
	SHA256, Where string
}

func (e *HashError) Error() string {
	return fmt.Sprintf("%s %s has SHA-256 %s %s, wanted %s", e.Package.Name, e.Package.Version, e.SHA256, e.Where, e.Package.SHA256)
}

func didYouMean(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return "; did you mean " + strings.Join(names, ", ") + "?"
}
