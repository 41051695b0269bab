package profile

import (
	"maps"
	"path"
	"slices"
	"strings"
)

// packages checks what rows of packages say by themselves; whether a mirror has them the build asks.
func (c *crosser) packages() {
	if name := c.p.Kernel.Package; strings.ContainsAny(name, " \t=/") {
		c.Bad("kernel.package", "%q is not a Debian package's name; accepted: such as linux-image-amd64, without a version, which a lock file keeps", name)
	}
	for _, name := range slices.Sorted(maps.Keys(c.p.Packages)) {
		key := joinKey("packages", name)
		if !packageName(name) {
			c.Sure().Bad(key, "is not a Debian package's name; accepted: lower-case letters, digits, + - and ., two at least, starting with a letter or digit")
		}
		if c.empty("packages", name) {
			c.Bad(key, "takes nothing of the package; accepted: files = [\"/usr/bin/…\"], or whole = true")
		}
		for i, file := range c.p.Packages[name].Files {
			if _, err := path.Match(file, ""); err != nil || !path.IsAbs(file) || path.Clean(file) != file {
				c.Bad(joinIndex(key+".files", i), `%q is not the path of a file in a package; accepted: an absolute one, globs allowed, such as "/usr/bin/rsync", "/lib/x/*"`, file)
			}
		}
	}
}

// packageName says whether a name is one that a package can have (Debian Policy, section 5.6.7). What apt takes for an option, a version
// or a release is none.
func packageName(name string) bool {
	const letters = "abcdefghijklmnopqrstuvwxyz0123456789"
	return len(name) > 1 && strings.Trim(name, letters+"+-.") == "" && strings.ContainsAny(name[:1], letters)
}
