package profile

import (
	"path"

	"github.com/imgbuild/imgbuild/internal/spec"
)

func (c *crosser) log() {
	l := c.p.Log
	scheme, _ := l.Remote.Split()
	if l.CA != "" && scheme != "tls" && !c.p.Allows(spec.SiteLogServer) {
		c.Of("log.remote", "site").Bad("log.ca", "is for a server with tls://; accepted: log.remote = \"tls://HOST\", or no ca")
	}
	if l.CA != "" && !path.IsAbs(l.CA) {
		c.Bad("log.ca", "%q is not an absolute path", l.CA)
	}
	if l.Spool != "" && l.Remote == "" && !c.p.Allows(spec.SiteLogServer) {
		c.Of("log.remote", "site").Bad("log.spool", "keeps records for a server, and log.remote names none")
	}
	c.stateDir("log.spool", l.Spool)
}

// stateDir checks a directory that must outlast the boot.
func (c *crosser) stateDir(key, dir string) {
	switch {
	case dir == "":
	case !path.IsAbs(dir) || path.Clean(dir) != dir:
		c.Bad(key, "%q is not an absolute path without . or .., such as /srv/state", dir)
	case !c.mounted(dir):
		c.Rows("mount").Bad(key, "%s lies in memory and is gone after the boot; accepted: a directory in one of the profile's mounts", dir)
	}
}

// mounted says whether a directory lies in a file system of the profile's that is on a disk.
func (c *crosser) mounted(dir string) bool {
	for {
		if m, ok := c.p.Mount[dir]; ok {
			return m.Type != "tmpfs"
		}
		if dir == "/" || dir == "." { // one that is not absolute is told by itself
			return false
		}
		dir = path.Dir(dir)
	}
}
