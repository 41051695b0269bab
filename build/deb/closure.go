package deb

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
)

// Pick is a file to take from a package, and why.
type Pick struct {
	// Path is where it lies in the image, relative to the root.
	Path string
	// Package is the name of the package that has it.
	Package string
	// Why explains it to a person: "needed by /usr/sbin/mdadm".
	Why   string
	Entry Entry
	// Host is where a regular file's content lies on this machine.
	Host string
}

// NoFileError says that no package has a file that is wanted by name or pattern.
type NoFileError struct {
	Want string
	// Suggest holds paths that are close to it.
	Suggest []string
}

func (e *NoFileError) Error() string {
	if strings.ContainsAny(e.Want, "*?[") {
		return fmt.Sprintf("nothing in the packages matches %s%s", e.Want, didYouMean(e.Suggest))
	}
	return fmt.Sprintf("no package has %s%s", e.Want, didYouMean(e.Suggest))
}

// NeedError says that a file that was picked needs one that no package has.
type NeedError struct {
	Need, By, Package string
}

func (e *NeedError) Error() string {
	return fmt.Sprintf("%s of package %s needs %s, which no package has", e.By, e.Package, e.Need)
}

// ClashError says that packages have different files at the path of one that is wanted.
type ClashError struct {
	// Path is relative to the root.
	Path     string
	Packages []string
}

func (e *ClashError) Error() string {
	return fmt.Sprintf("packages %s have different files /%s", strings.Join(e.Packages, " and "), e.Path)
}

// Closure picks the wanted files and whatever they need to run: loaders,
// libraries, the interpreters of scripts, and the links on the way to these. A wanted
// path may be a pattern of path.Match, or a directory, which means all below it. The
// result is sorted by path. All errors are reported, joined: *NoFileError,
// *NeedError, *ClashError. What a program opens by dlopen(3) must be wanted by name.
//
// Commands that scripts name in their text are not looked for, and neither is
// /bin/sh, which is the image's own.
func Closure(trees []Tree, want []string) ([]Pick, error) {
	p := newPicker(trees)
	for _, w := range want {
		found, err := p.system.match(w)
		if err != nil {
			p.fail(fmt.Errorf("looking for %s: %w", w, err))
			continue
		}
		if len(found) == 0 {
			p.fail(p.system.absent(w))
		}
		why := "wanted as " + w
		if len(found) == 1 && "/"+found[0] == w {
			why = "wanted"
		}
		for _, f := range found {
			p.pick(f, why)
		}
	}
	return p.finish()
}

// Complete adds to picks what these need to run, as Closure does, out of trees. Only
// interpreters may be missing: packages bring along scripts that nobody runs.
func Complete(trees []Tree, picks []Pick) ([]Pick, error) {
	p := newPicker(trees)
	p.lenient = true
	for _, pick := range picks {
		if other, taken := p.picks[pick.Path]; taken && differ(&other.Entry, &pick.Entry) {
			p.fail(&ClashError{pick.Path, []string{other.Package, pick.Package}})
		}
		p.picks[pick.Path] = pick
		p.todo = append(p.todo, pick.Path)
	}
	return p.finish()
}

// Whole picks all of a package but documentation and translations, without what
// it needs from others: see Complete.
func Whole(t Tree) []Pick {
	var picks []Pick
	for _, e := range t.Files {
		if !unwanted(e.Path) {
			picks = append(picks, Pick{Path: e.Path, Package: t.Name, Why: "package " + t.Name, Entry: e, Host: host(&t, &e)})
		}
	}
	return picks
}

// unwanted are paths that no machine without a person in front of it reads.
func unwanted(p string) bool {
	for _, dir := range []string{"doc", "doc-base", "info", "lintian", "locale", "man"} {
		if rest, ok := strings.CutPrefix(p, "usr/share/"+dir); ok && (rest == "" || rest[0] == '/') {
			return true
		}
	}
	return false
}

func host(t *Tree, e *Entry) string {
	if e.Mode.Type() != 0 {
		return ""
	}
	return t.Host(*e)
}

// picker collects picks and what they need in turn.
type picker struct {
	system *merged
	picks  map[string]Pick
	todo   []string // picked, but not yet asked what they need
	// lacking are libraries that were not found where the loader looks.
	lacking []NeedError
	lenient bool
	errs    []error
}

func newPicker(trees []Tree) *picker {
	return &picker{system: merge(trees), picks: map[string]Pick{}}
}

func (p *picker) fail(err error) { p.errs = append(p.errs, err) }

// pick takes what a path leads to, and the links on the way. It returns false when
// it leads nowhere.
func (p *picker) pick(to, why string) bool {
	links, target, ok := p.system.resolve(to)
	if !ok {
		return false
	}
	for _, l := range links {
		p.take(l, why)
	}
	if f, there := p.system.files[target]; there && !f.entry.Mode.IsDir() {
		p.take(target, why)
		return true
	}
	for _, f := range p.system.below(target) {
		if _, taken := p.picks[f]; !taken && !unwanted(f) {
			p.take(f, why)
			// A link in a directory may lead out of it, or to nothing at all.
			if p.system.files[f].entry.Mode.Type() == fs.ModeSymlink {
				p.pick(f, why)
			}
		}
	}
	return true
}

func (p *picker) take(at, why string) {
	if _, taken := p.picks[at]; taken {
		return
	}
	f := p.system.files[at]
	if packages := p.system.clashes[at]; packages != nil && !f.entry.Mode.IsDir() {
		p.fail(&ClashError{at, packages})
	}
	p.picks[at] = Pick{Path: at, Package: f.tree.Name, Why: why, Entry: *f.entry, Host: host(f.tree, f.entry)}
	p.todo = append(p.todo, at)
}

// finish asks all picks what they need until none needs more.
func (p *picker) finish() ([]Pick, error) {
	for len(p.todo) > 0 {
		at := p.todo[0]
		p.todo = p.todo[1:]
		p.needs(p.picks[at])
	}
	// A library that one file finds by its run path serves another that lacks the run
	// path: the loader knows it by its name once it is loaded.
	loaded := map[string]bool{}
	for at := range p.picks {
		loaded[path.Base(at)] = true
	}
	for _, l := range p.lacking {
		if !loaded[l.Need] {
			p.fail(&l)
		}
	}
	if len(p.errs) > 0 {
		return nil, errors.Join(p.errs...)
	}
	picks := slices.Collect(maps.Values(p.picks))
	slices.SortFunc(picks, func(a, b Pick) int { return strings.Compare(a.Path, b.Path) })
	return picks, nil
}
