package plan

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/build/tree"
	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/profile"
)

// layers puts an image's files into one tree, and finds every place that two of them want.
type layers struct {
	p         *profile.Profile
	tree      *tree.Tree
	segmentOf map[string]string
	squashed  bool
	judge     problem.Judge
	commands  map[string]Command // by the paths of their links
}

func newLayers(p *profile.Profile, squashed bool) *layers {
	return &layers{p, tree.New(), map[string]string{}, squashed, p.Judge(), map[string]Command{}}
}

// fill lays what there is in the order in which it gives way: what the image has anyway, what the profile asks for, overlays.
func (l *layers) fill(in Inputs, settings, modules []tree.File) {
	commands := called(in)
	for _, c := range commands {
		l.commands["usr/bin/"+c.Name] = c
	}
	l.add(microcodeSegment, in.Microcode...)
	l.add("uinit", uinitFiles(in.Uinit)...)
	l.add("config", base()...)
	l.add("config", settings...)
	l.add("config", keymapFiles(l.p, in.Keymaps)...)
	l.add("commands", commandFiles(in.Busybox, commands)...)
	l.add("modules", modules...)
	l.add("packages", in.Packages...)
	l.add("config", in.Described...)
	l.add(imageSegment, in.Images...)
	for _, o := range in.Overlays {
		l.lay(o)
	}
}

func (l *layers) add(segment string, files ...tree.File) {
	for _, f := range files {
		f.Path = MergedUsr(f.Path)
		if err := l.tree.Add(f); err != nil {
			l.refuse(f, err)
			continue
		}
		l.segmentOf[f.Path] = segment
		if l.squashed && strings.HasPrefix(f.Path, "usr/") && f.UID == 0 && f.GID == 0 { // the squashfs is root's
			l.segmentOf[f.Path] = usrSegment
		}
	}
}

// lay puts an overlay over what is there. Only paths that the profile names may
// take the place of another file.
func (l *layers) lay(o Overlay) {
	for _, f := range o.Files {
		f.Path = MergedUsr(f.Path)
		put := l.tree.Add
		if slices.ContainsFunc(l.p.Image.Replace, func(name string) bool { return MergedUsr(name) == "/"+f.Path }) {
			put = l.tree.Replace
		}
		if f.Mode.IsDir() {
			if _, there := l.tree.Lookup(f.Path); there {
				continue // an overlay's directory is only the way to its files
			}
		}
		if err := put(f); err != nil {
			l.refuse(f, err)
			continue
		}
		l.segmentOf[f.Path] = "config"
	}
	for _, d := range o.Dirs {
		d.Path = MergedUsr(d.Path)
		if err := l.tree.Add(d); err != nil {
			l.judge.Bad(d.Why, "%v; accepted: leave it out, for what is not an overlay's keeps its mode", err)
			continue
		}
		l.segmentOf[d.Path] = "config"
	}
}

// refuse notes that a file has no place, where the profile asks for it, and what would give it one.
func (l *layers) refuse(f tree.File, err error) {
	var conflict *tree.ConflictError
	if !errors.As(err, &conflict) {
		l.judge.Bad(l.origin(f).key, "%v", err)
		return
	}
	later, earlier := l.origin(f), l.origin(conflict.A)
	if row := l.row(f); later.key == earlier.key && row.without != "" { // the one row names what the other's package has, too
		later = row
	}
	var ways []string
	if later.overlay && conflict.A.Path == f.Path {
		ways = append(ways, fmt.Sprintf("image.replace = [%q], which lets the overlay win", "/"+f.Path))
	}
	for _, o := range []origin{later, earlier} {
		if o.without != "" && !slices.Contains(ways, o.without) {
			ways = append(ways, o.without)
		}
	}
	j := l.judge
	if earlier.key != "" {
		j = j.Of(earlier.key)
	}
	text := conflict.Error()
	if conflict.A.Path == f.Path {
		text = fmt.Sprintf("two files want to be %s: %s, and %s", f.Path, said(conflict.A)+l.place(earlier), said(f))
	}
	j.Bad(later.key, "%s; accepted: %s", text, strings.Join(ways, ", or "))
}

// place is where the profile asks for a file, in brackets; "" for what every image has.
func (l *layers) place(o origin) string {
	if o.key == "" {
		return ""
	}
	return fmt.Sprintf(" (%s)", l.p.At(o.key))
}

// said is where a file comes from, in words.
func said(f tree.File) string {
	if f.From.Store == "package" {
		return f.From.String()
	}
	return f.Why
}
