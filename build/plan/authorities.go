package plan

import (
	"strings"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// offerAuthorities has programs trust whom packages of the image bring. A file of that name is somebody's own.
func (l *layers) offerAuthorities(pem []byte) {
	file := strings.TrimPrefix(spec.Authorities, "/")
	if _, there := l.tree.Lookup(file); !there && len(pem) > 0 {
		l.add("packages", text(file, 0o644, string(pem), "all of /usr/share/ca-certificates"))
	}
}
