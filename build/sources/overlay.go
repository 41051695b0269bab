package sources

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/imgbuild/imgbuild/internal/suggest"

	"github.com/imgbuild/imgbuild/build/plan"
	"github.com/imgbuild/imgbuild/build/tree"
	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/overlays"
)

// Overlays reads the trees that the profile lays over the image. The opener opens their files, and no others. Where
// the error is Problems, there are those overlays that have none.
func Overlays(p *profile.Profile) ([]plan.Overlay, tree.Opener, error) {
	trees := map[string]fs.FS{}
	var out []plan.Overlay
	var problems profile.Problems
	m := newModes(p)
	for i, name := range p.Image.Overlays {
		key := fmt.Sprintf("image.overlays[%d]", i)
		dir, fsys, err := findOverlay(p, key, name)
		var files []tree.Imported
		if err == nil {
			files, err = tree.FromFS(name, fsys)
		}
		for i := range files {
			if dir != "" && files[i].Mode.IsRegular() {
				files[i].From.Host = filepath.Join(dir, files[i].From.Path)
			}
		}
		if err != nil {
			problems = append(problems, profile.Problem{Pos: p.At(key), Key: key, Msg: err.Error()})
			continue
		}
		trees[name] = fsys
		out = append(out, m.settle(key, name, files, tree.Shut(fsys, files)))
	}
	if problems == nil { // else it is not known what rows mean
		m.unused()
	}
	problems = append(problems, m.problems...)
	open := func(f tree.File) (io.ReadCloser, error) { return trees[f.From.Name].Open(f.From.Path) }
	return out, open, problems.Err()
}

// findOverlay looks next to the profile that names the overlay, in overlays/
// there and one directory up, and then among the shipped ones, which are in no directory.
func findOverlay(p *profile.Profile, key, name string) (dir string, tree fs.FS, err error) {
	var tried []string
	if dir, onDisk := p.DirOf(key); onDisk {
		for _, at := range []string{filepath.Join(dir, name), filepath.Join(dir, "overlays", name), filepath.Join(dir, "..", "overlays", name)} {
			if filepath.IsAbs(name) {
				at = name
			}
			info, err := os.Stat(at)
			if err == nil && info.IsDir() {
				if up, err := filepath.Rel(at, dir); err == nil && up != ".." && !strings.HasPrefix(up, "../") {
					return "", nil, fmt.Errorf("%q is the directory of the profile or one above it, with all that lies there; accepted: a directory of its own, such as \"overlay\"", name)
				}
				return at, os.DirFS(at), nil
			}
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return "", nil, err
			}
			tried = append(tried, at)
		}
	}
	if fs.ValidPath(name) {
		if _, err := fs.Stat(overlays.FS, name); err == nil {
			tree, err := fs.Sub(overlays.FS, name)
			return "", tree, err
		}
	}
	shipped, _ := fs.ReadDir(overlays.FS, ".")
	var names []string
	for _, d := range shipped {
		names = append(names, d.Name())
	}
	return "", nil, fmt.Errorf("there is no overlay %q%s; accepted: a directory at one of %q, or a shipped one: %q",
		name, suggest.DidYouMean(name, names), tried, names)
}
