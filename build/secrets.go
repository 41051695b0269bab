package build

import (
	"io/fs"
	"strings"

	"github.com/imgbuild/imgbuild/build/plan"
	"github.com/imgbuild/imgbuild/internal/profile"
)

// secrets are what the image holds and not everybody should read: keys of the profile and files of overlays.
func secrets(p *profile.Profile, made *plan.Plan) []string {
	return append(p.Secrets(), made.Secrets()...)
}

// readers says who may read the artifacts that hold the initramfs. The others (kernel, command line, sums, what it is made of)
// hold no secret.
func (i *Image) readers() fs.FileMode {
	if len(secrets(i.Profile, i.Plan)) > 0 {
		return owner
	}
	return everybody
}

// saySecrets tells why artifacts are not open to everybody, as they are otherwise.
func (e *Env) saySecrets(i *Image) {
	if found := secrets(i.Profile, i.Plan); len(found) > 0 {
		e.Progress.Note("the artifacts that hold the initramfs are readable by their owner alone (0600): they contain %s", strings.Join(found, ", "))
	}
}
