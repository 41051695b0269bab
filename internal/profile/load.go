package profile

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/state"
	"github.com/imgbuild/imgbuild/internal/strict"
	"github.com/imgbuild/imgbuild/internal/suggest"
)

// File is a profile's text and where it came from.
type File struct {
	// Name is what messages call it.
	Name string
	// Dir is the directory that relative paths in it start from; "" for a
	// shipped profile.
	Dir  string
	Text []byte
}

// Finder finds a profile by path or by the name of a shipped one. from is the
// file that asks, for extends; nil at the start.
type Finder func(name string, from *File) (File, error)

// shipped marks the names of profiles that come with imgbuild.
const shipped = "shipped:"

// source remembers where each value of a profile was written.
type source struct {
	at    problem.Positions
	dirs  map[string]string // file name → directory
	files []File            // the profile first, then what it extends
	// lost are members of lists of what it extends that the profile's own took the place of, by the list's key.
	lost map[string][]any
}

// Load finds a profile, merges it over what it extends and checks it. All
// that is wrong is returned at once as Problems; warnings come with a profile.
func Load(name string, find Finder) (*Profile, Problems, error) {
	l := loader{find: find}
	tree, src, err := l.load(name, nil)
	if err != nil {
		return nil, nil, err
	}
	p, problems := read(tree, src)
	if err := problems.Err(); err != nil {
		return nil, nil, err
	}
	return p, problems, nil
}

// read makes a profile of merged tables. Where problems are more than warnings it is one in parts.
func read(tree map[string]any, src source) (*Profile, Problems) {
	p := &Profile{source: src}
	if _, named := tree["name"]; !named {
		tree["name"] = strings.TrimSuffix(filepath.Base(strings.TrimPrefix(src.files[0].Name, shipped)), ".toml")
	}
	problems, doubts := strict.Decode(tree, src.at, p)
	if state.Lasts(&p.Machine, p.State.Path) { // else one problem is enough
		p.FillState()
	}
	addPackages(p)
	if p.Hostname == "" {
		p.Hostname = hostname(p.Name)
	}
	if !doubts.About("extends") {
		problems = append(problems, crossCheck(p, doubts)...)
	} else { // the better part is not here
		problems = slices.DeleteFunc(problems, strict.Misses)
	}
	return p, problems.In(src.files[0].Name).Sort()
}

type loader struct {
	find  Finder
	chain []string
}

// load reads one file and, first, what it extends.
func (l *loader) load(name string, from *File) (map[string]any, source, error) {
	file, err := l.find(name, from)
	if err != nil {
		return nil, source{}, err
	}
	if i := slices.Index(l.chain, file.Name); i >= 0 {
		return nil, source{}, fmt.Errorf("profiles extend each other in a circle: %s",
			strings.Join(append(l.chain[i:], file.Name), " → "))
	}
	l.chain = append(l.chain, file.Name)

	text, err := strict.Parse(file.Name, file.Text)
	if err != nil {
		return nil, source{}, err
	}
	text.At.Lower(len(l.chain) - 1)
	tree := text.Tree
	src := source{at: text.At, dirs: map[string]string{file.Name: file.Dir}, files: []File{file}}
	base, ok := tree["extends"].(string)
	if !ok {
		return tree, src, nil
	}
	under, baseSrc, err := l.load(base, &file)
	if err != nil {
		var known Problems
		if errors.As(err, &known) {
			return nil, source{}, err
		}
		return nil, source{}, Problems{{Pos: src.at.Value["extends"], Key: "extends", Msg: err.Error()}}
	}
	// An appliance of one's own is not called like the one it started from.
	delete(under, "name")
	delete(under, "version")
	delete(under, "summary")
	merged, src := src.over(baseSrc, tree, under)
	return merged, src, nil
}

// over lays a profile over the one that it extends, and combines where things stand: what top wrote itself is found there.
func (top source) over(base source, tree, under map[string]any) (map[string]any, source) {
	l := layers{base: base.at, top: top.at, lost: map[string][]any{}}
	merged := l.merge("", under, tree)
	base.lost = l.lost
	maps.Copy(base.at.Key, top.at.Key)
	maps.Copy(base.at.Value, top.at.Value)
	for f, d := range top.dirs {
		base.dirs[f] = d
	}
	base.files = append(top.files, base.files...)
	return merged, base
}

// At is where the value of a key stands; for a key that was not written, the
// nearest table around it that was.
func (p *Profile) At(key string) Pos {
	if pos := p.source.at.At(key); pos != (Pos{}) {
		return pos
	}
	return Pos{File: p.source.files[0].Name}
}

// Judge collects what is wrong with a profile beyond its text, at the places in it.
func (p *Profile) Judge() problem.Judge {
	return problem.NewJudge(p.At, problem.NewDoubts(p.source.at))
}

// DirOf is the directory that a relative path written at key starts from, and
// false where the key was written in a shipped profile.
func (p *Profile) DirOf(key string) (string, bool) {
	dir := p.source.dirs[p.At(key).File]
	return dir, dir != ""
}

// Path is a file's, which the profile names at key: a relative name starts from the profile that has it.
func (p *Profile) Path(key, name string) string {
	if dir, onDisk := p.DirOf(key); onDisk && !filepath.IsAbs(name) {
		return filepath.Join(dir, name)
	}
	return name
}

// File is the text the profile was read from, without what it extends.
func (p *Profile) File() File { return p.source.files[0] }

// Find is the Finder for files on disk and the shipped profiles in fsys.
func Find(fsys fs.FS) Finder {
	return func(name string, from *File) (File, error) {
		isPath := strings.ContainsRune(name, filepath.Separator) || strings.HasSuffix(name, ".toml")
		if isPath {
			path := name
			if from != nil && !filepath.IsAbs(path) {
				path = filepath.Join(from.Dir, path)
			}
			if err := noDirectory(path); err != nil {
				return File{}, err
			}
			text, err := readText(path)
			if err != nil {
				return File{}, fmt.Errorf("reading profile: %w", err)
			}
			dir, err := filepath.Abs(filepath.Dir(path))
			return File{Name: path, Dir: dir, Text: text}, err
		}
		text, err := fs.ReadFile(fsys, name+".toml")
		if err != nil {
			return File{}, cmp.Or(noDirectory(name), noProfile(name, fsys))
		}
		return File{Name: shipped + name + ".toml", Text: text}, nil
	}
}

// largest bounds a profile's text, in bytes: what is longer is something else, or has no end.
const largest = 16 << 20

// readText reads a profile, from a pipe as well: that of a shell's <(…), say.
func readText(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, largest+1))
	if err == nil && len(text) > largest {
		err = fmt.Errorf("%s is longer than the %d MiB that a profile can have", path, largest>>20)
	}
	return text, err
}

// noDirectory refuses a directory where a profile is asked for, and names the profiles in it.
func noDirectory(path string) error {
	if info, err := os.Stat(path); err != nil || !info.IsDir() {
		return nil
	}
	inside, _ := filepath.Glob(filepath.Join(path, "*.toml")) // fails for a bad pattern only
	if len(inside) == 0 {
		return fmt.Errorf("reading profile: %s is a directory; accepted: the path of a profile, such as ./mybox.toml", path)
	}
	for i, f := range inside {
		inside[i] = "./" + f
	}
	return fmt.Errorf("reading profile: %s is a directory; did you mean %s?", path, strings.Join(inside, " or "))
}

func noProfile(name string, fsys fs.FS) error {
	names := Names(fsys)
	if name == "" {
		return fmt.Errorf("no profile is named; accepted: a path such as ./mybox.toml, or one of: %s", strings.Join(names, ", "))
	}
	path := "./" + strings.TrimSuffix(name, ".toml") + ".toml"
	return fmt.Errorf("no shipped profile is called %q%s; accepted: a path such as %s, or one of: %s",
		name, suggest.DidYouMean(name, names), path, strings.Join(names, ", "))
}

// Names lists the profiles of a file system of shipped ones.
func Names(fsys fs.FS) []string {
	files, _ := fs.Glob(fsys, "*.toml") // fails for a bad pattern only
	for i, f := range files {
		files[i] = strings.TrimSuffix(f, ".toml")
	}
	slices.Sort(files) // by name rather than by file: firewall, then firewall-bridge
	return files
}
