package plan

import (
	"maps"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/build/tree"
	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/profile"
)

// Conflicts finds every place that two files of an image want, as far as that is known before packages are unpacked: of those only
// the files that the profile names are looked at, and not what these need.
func Conflicts(p *profile.Profile, commands []Command, overlays []Overlay) (problem.Problems, error) {
	in := Inputs{Commands: commands, Overlays: overlays}
	for _, name := range slices.Sorted(maps.Keys(p.Packages)) {
		for _, want := range p.Packages[name].Files {
			at := MergedUsr(want)
			if strings.ContainsAny(at, "*?[") || unclear(at, overlays) {
				continue
			}
			in.Packages = append(in.Packages, wanted(name, want))
		}
	}
	settings, err := config(p, in.Epoch)
	if err != nil {
		return nil, err
	}
	l := newLayers(p, false)
	l.fill(in, settings, nil)
	return l.judge.Found().Sort(), nil
}

// Clash is that packages have different files at one path of the image.
func Clash(p *profile.Profile, at string, packages []string) problem.Problems {
	l := newLayers(p, false)
	for _, name := range packages {
		l.add("packages", wanted(name, "/"+at))
	}
	return l.judge.Found()
}

// wanted is a file of a package that was not unpacked. A package has one file at a path, by whatever name that is asked for.
func wanted(pkg, path string) tree.File {
	return tree.File{Path: MergedUsr(path)[1:], Mode: 0o755, Why: "wanted",
		From: tree.Source{Store: "package", Name: pkg, Path: path, SHA256: "of " + pkg}}
}

// unclear says that a package may have a directory at a path, or the link that an overlay has there.
func unclear(at string, overlays []Overlay) bool {
	return slices.ContainsFunc(overlays, func(o Overlay) bool {
		return slices.ContainsFunc(o.Files, func(f tree.File) bool {
			file := "/" + MergedUsr(f.Path)
			return file == at && !f.Mode.IsRegular() || strings.HasPrefix(file, at+"/")
		})
	})
}
