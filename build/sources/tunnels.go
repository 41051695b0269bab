package sources

import (
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/build/plan"
	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/state"
)

// checkTunnels finds private keys that a box would make anew at each boot, and its peers would not know it again. Who names a file
// below /run wants that.
func checkTunnels(p *profile.Profile, overlays []plan.Overlay) profile.Problems {
	there := newBrought(p, overlays)
	j := p.Judge().Of("image.overlays", "packages").Rows("mount")
	for _, name := range slices.Sorted(maps.Keys(p.WireGuard)) {
		file := p.WireGuard[name].PrivateKeyFile.File
		if file == "" || state.Mounted(&p.Machine, path.Dir(file)) || strings.HasPrefix(file, "/run/") || there.perhaps(file) {
			continue
		}
		j.Warn(problem.JoinKey("wireguard", name)+".private_key_file", "%s lies in memory, and nothing brings it: the key is another one after each boot, which no peer knows; accepted: a file below one of the profile's mounts, or of an overlay", file)
	}
	return j.Found()
}
