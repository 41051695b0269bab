package plan

import (
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/build/tree"
	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// keymapFiles are keyboard maps where the init looks for them.
func keymapFiles(p *profile.Profile, made map[string][]byte) (files []tree.File) {
	dir := strings.TrimPrefix(spec.KeymapDir, "/")
	for _, name := range slices.Sorted(maps.Keys(made)) {
		files = append(files, text(path.Join(dir, name), 0o644, string(made[name]), "a keyboard map"))
	}
	if p.Keymap != "" {
		files = append(files, symlink(path.Join(dir, spec.OwnKeymap), string(p.Keymap), "keymap"))
	}
	return files
}
