package sbom

import (
	"fmt"
	"strings"
)

// DebianPURL locates a Debian package: pkg:deb/debian/bash@5.2.15-2%2Bb7?arch=amd64.
func DebianPURL(name, version, arch string) string {
	return fmt.Sprintf("pkg:deb/debian/%s@%s?arch=%s", escape(name), escape(version), escape(arch))
}

// Upstream goes on with a DebianPURL: &upstream=bash%405.2.15-2. Advisories are about source packages, and that is where scanners
// look for them.
func Upstream(source, version string) string { return "&upstream=" + escape(source+"@"+version) }

// GoPURL locates a Go module: pkg:golang/golang.org/x/sys@v0.30.0. Its type wants lower
// case.
func GoPURL(path, version string) string {
	parts := strings.Split(strings.ToLower(path), "/")
	for i := range parts {
		parts[i] = escape(parts[i])
	}
	purl := "pkg:golang/" + strings.Join(parts, "/")
	if version != "" {
		purl += "@" + escape(version)
	}
	return purl
}

// OCIPURL locates a container image by the digest of its manifest: pkg:oci/nginx@sha256%3A…?arch=amd64&repository_url=…&tag=1.25.
// Its type wants lower case. Where nobody knows a repository or a tag, they are empty.
func OCIPURL(name, digest, repository, tag string) string {
	purl := "pkg:oci/" + escape(strings.ToLower(name)) + "@" + escape(digest) + "?arch=amd64"
	if repository != "" {
		purl += "&repository_url=" + escape(repository)
	}
	if tag != "" {
		purl += "&tag=" + escape(tag)
	}
	return purl
}

// escape percent-encodes all but what a package URL allows as it is.
func escape(s string) string {
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-._~", c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}
