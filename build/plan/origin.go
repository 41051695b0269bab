package plan

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/build/tree"
	"github.com/imgbuild/imgbuild/internal/problem"
)

// origin is where a profile asks for a file.
type origin struct {
	// key is empty for what every image has, and for what follows from a table.
	key string
	// without says how the file is left out; empty where it cannot be.
	without string
	overlay bool
}

// origin finds it by what the file says of itself.
func (l *layers) origin(f tree.File) origin {
	if c, ok := l.commands[f.Path]; ok && strings.HasPrefix(f.Why, "command ") {
		if c.Key == "" {
			return origin{}
		}
		return origin{c.Key, fmt.Sprintf("leave %q out of image.commands", c.Name), false}
	}
	kind, name, _ := strings.Cut(f.Why, " ")
	switch {
	case kind == "overlay":
		i := slices.Index(l.p.Image.Overlays, name)
		return origin{problem.JoinIndex("image.overlays", i), fmt.Sprintf("leave %s out of overlay %s", f.Path, name), true}
	case f.From.Store == "package" || strings.HasPrefix(kind, "wanted"):
		return l.taken(f)
	}
	return origin{}
}

// taken is the origin of a package's file: the words that name it, or the package that comes as a whole, or one that another needs.
func (l *layers) taken(f tree.File) origin {
	for _, name := range append([]string{f.From.Name}, slices.Sorted(maps.Keys(l.p.Packages))...) { // its own row first
		for i, want := range l.p.Packages[name].Files {
			if matched, _ := path.Match(MergedUsr(want), "/"+f.Path); matched || strings.HasPrefix("/"+f.Path, MergedUsr(want)+"/") {
				key := problem.JoinIndex(problem.JoinKey("packages", name)+".files", i)
				return origin{key, fmt.Sprintf("leave %s out of packages.%s.files", want, name), false}
			}
		}
	}
	return l.row(f)
}

// row is the origin of a file that its package has, whether or not anything names it.
func (l *layers) row(f tree.File) origin {
	pkg, ok := l.p.Packages[f.From.Name]
	if !ok {
		return origin{key: "packages"}
	}
	key := problem.JoinKey("packages", f.From.Name)
	if pkg.Whole {
		return origin{key + ".whole", fmt.Sprintf("files of packages.%s in place of the whole package", f.From.Name), false}
	}
	return origin{key, fmt.Sprintf("leave out %s", key), false}
}
