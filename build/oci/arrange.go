package oci

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
)

// Names by which a layer takes away what lower ones have (layer.md of the specification, "Whiteouts").
const (
	whiteout = ".wh."
	opaque   = ".wh..wh..opq"
)

// arrange makes of a layer's names what overlayfs is to find, sorted. Of two of one name the last counts, as for tar.
func arrange(all []entry) ([]entry, error) {
	a := arrangement{names: map[string]entry{}, opaque: map[string]bool{}, gone: map[string]bool{}}
	for _, e := range all {
		if err := a.add(e); err != nil {
			return nil, err
		}
	}
	if _, ok := a.names["."]; !ok {
		a.names["."] = entry{path: ".", mode: fs.ModeDir | 0o755}
	}
	if err := errors.Join(a.parents(), a.links()); err != nil {
		return nil, err
	}
	a.hide()
	out := make([]entry, 0, len(a.names))
	for _, name := range slices.Sorted(maps.Keys(a.names)) {
		out = append(out, a.names[name])
	}
	return out, nil
}

type arrangement struct {
	names map[string]entry
	// opaque are directories, gone any names.
	opaque, gone map[string]bool
}

// add takes a name, or what it says of others.
func (a *arrangement) add(e entry) error {
	dir, base := path.Split(e.path)
	dir = path.Clean("./" + dir)
	if strings.Contains("/"+dir, "/"+whiteout) {
		return fmt.Errorf("%s lies below a name that stands for what is gone", quoted(e.path))
	}
	name, takes := strings.CutPrefix(base, whiteout)
	if !takes {
		if e.path == "." && !e.mode.IsDir() {
			return errors.New("its root is no directory")
		}
		a.names[e.path] = e
		return nil
	}
	switch {
	case !e.mode.IsRegular() || e.same != "":
		return fmt.Errorf("%s stands for what is gone, and is no file", quoted(e.path))
	case base == opaque:
		a.opaque[dir] = true
	case name == "" || name == "." || name == ".." || strings.HasPrefix(name, whiteout):
		return fmt.Errorf("%s stands for what is gone, and names nothing that could be", quoted(e.path))
	default:
		a.gone[path.Join(dir, name)] = true
	}
	return nil
}

// parents makes the directories that names lie in, and refuses those that lie in something else.
func (a *arrangement) parents() error {
	need := slices.Collect(maps.Keys(a.names))
	for name := range a.gone {
		need = append(need, name)
	}
	for dir := range a.opaque {
		need = append(need, path.Join(dir, opaque))
	}
	slices.Sort(need) // so that the same error is found first
	for _, name := range need {
		for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
			up, ok := a.names[dir]
			switch {
			case !ok:
				a.names[dir] = entry{path: dir, mode: fs.ModeDir | 0o755, implied: true}
			case up.mode.Type() == fs.ModeSymlink:
				return fmt.Errorf("%s lies below %s, which is a symbolic link in the same layer", quoted(name), quoted(dir))
			case !up.mode.IsDir():
				return fmt.Errorf("%s lies below %s, which is a file in the same layer", quoted(name), quoted(dir))
			}
		}
	}
	return nil
}

// links has each hard link be the file that it is another name of. Archives name the first name of a file; a chain of links that is
// longer than this was made to keep us busy.
func (a *arrangement) links() error {
	const longest = 16
	for _, name := range slices.Sorted(maps.Keys(a.names)) {
		e := a.names[name]
		if e.same == "" {
			continue
		}
		to, ok := a.names[e.same]
		for hops := 0; ok && to.same != "" && hops < longest; hops++ {
			to, ok = a.names[to.same]
		}
		if !ok || !to.mode.IsRegular() || to.same != "" {
			return fmt.Errorf("%s is a hard link to %s, which is no file of the layer", quoted(name), quoted(e.same))
		}
		to.same, to.path = to.path, name
		a.names[name] = to
	}
	return nil
}

// hide marks what takes away: a name that the layer has anew hides the lower one by itself, but for a directory, which would let
// theirs through.
func (a *arrangement) hide() {
	for name := range a.gone {
		if e, ok := a.names[name]; !ok {
			a.names[name] = entry{path: name, gone: true, mode: fs.ModeDevice | fs.ModeCharDevice}
		} else if e.mode.IsDir() {
			e.opaque = true
			a.names[name] = e
		}
	}
	for dir := range a.opaque {
		e := a.names[dir]
		e.opaque = true
		a.names[dir] = e
	}
}
