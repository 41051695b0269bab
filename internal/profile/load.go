package profile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/internal/suggest"

	"github.com/BurntSushi/toml"
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
	at    positions
	dirs  map[string]string // file name → directory
	files []File            // the profile first, then what it extends
}

// Load finds a profile, merges it over what it extends and checks it. All
// that is wrong is returned at once as Problems; warnings come with a profile.
func Load(name string, find Finder) (*Profile, Problems, error) {
	l := loader{find: find}
	tree, src, err := l.load(name, nil)
	if err != nil {
		return nil, nil, err
	}
	p := &Profile{source: src}
	d := decoder{at: src.at}
	if _, named := tree["name"]; !named {
		tree["name"] = strings.TrimSuffix(filepath.Base(strings.TrimPrefix(src.files[0].Name, shipped)), ".toml")
	}
	d.table("", tree, reflect.ValueOf(p).Elem())
	if d.problems.Err() == nil {
		fillProfile(p)
		if p.Hostname == "" {
			p.Hostname = hostname(p.Name)
		}
		d.problems = append(d.problems, crossCheck(p)...)
	}
	for i := range d.problems {
		if d.problems[i].Pos.File == "" {
			d.problems[i].Pos.File = src.files[0].Name
		}
	}
	problems := d.problems.Sort()
	if err := problems.Err(); err != nil {
		return nil, nil, err
	}
	return p, problems, nil
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

	var tree map[string]any
	if err := toml.Unmarshal(file.Text, &tree); err != nil {
		var syntax toml.ParseError
		if errors.As(err, &syntax) {
			return nil, source{}, Problems{syntaxProblem(file, syntax)}
		}
		return nil, source{}, fmt.Errorf("reading %s: %w", file.Name, err)
	}
	src := source{at: locate(file.Name, string(file.Text)), dirs: map[string]string{file.Name: file.Dir}, files: []File{file}}
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
		return nil, source{}, Problems{{Pos: src.at.value["extends"], Key: "extends", Msg: err.Error()}}
	}
	// An appliance of one's own is not called like the one it started from.
	delete(under, "name")
	delete(under, "summary")
	return merge(under, tree), baseSrc.over(src), nil
}

// syntaxProblem places what the TOML library found. For a key defined twice it
// points past the line's end; the key is what a person looks for.
func syntaxProblem(file File, e toml.ParseError) Problem {
	pos := Pos{file.Name, e.Position.Line, e.Position.Col}
	lines := strings.Split(string(file.Text), "\n")
	if e.Message == "" || strings.Contains(e.Message, "already been defined") {
		if i := e.Position.Line - 1; i >= 0 && i < len(lines) {
			pos.Col = 1 + len(lines[i]) - len(strings.TrimLeft(lines[i], " \t"))
		}
	}
	return Problem{Pos: pos, Key: e.LastKey, Msg: cmpOr(e.Message, e.Error())}
}

// merge lays top over base: tables merge, everything else is replaced.
func merge(base, top map[string]any) map[string]any {
	out := make(map[string]any, len(base)+len(top))
	for k, v := range base {
		out[k] = v
	}
	for k, v := range top {
		under, isTable := out[k].(map[string]any)
		over, alsoTable := v.(map[string]any)
		if isTable && alsoTable {
			v = merge(under, over)
		}
		out[k] = v
	}
	return out
}

// over combines where things stand: what top wrote itself is found there.
func (base source) over(top source) source {
	for k, p := range top.at.key {
		base.at.key[k] = p
	}
	for k, p := range top.at.value {
		base.at.value[k] = p
	}
	for f, d := range top.dirs {
		base.dirs[f] = d
	}
	base.files = append(top.files, base.files...)
	return base
}

// At is where the value of a key stands; for a key that was not written, the
// nearest table around it that was.
func (p *Profile) At(key string) Pos {
	for {
		if pos, ok := p.source.at.value[key]; ok {
			return pos
		}
		if pos, ok := p.source.at.key[key]; ok {
			return pos
		}
		i := strings.LastIndexAny(key, ".[")
		if i < 0 {
			return Pos{File: p.source.files[0].Name}
		}
		key = key[:i]
	}
}

// DirOf is the directory that a relative path written at key starts from, and
// false where the key was written in a shipped profile.
func (p *Profile) DirOf(key string) (string, bool) {
	dir := p.source.dirs[p.At(key).File]
	return dir, dir != ""
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
			text, err := os.ReadFile(path)
			if err != nil {
				return File{}, fmt.Errorf("reading profile: %w", err)
			}
			dir, err := filepath.Abs(filepath.Dir(path))
			return File{Name: path, Dir: dir, Text: text}, err
		}
		text, err := fs.ReadFile(fsys, name+".toml")
		if err != nil {
			return File{}, noProfile(name, fsys)
		}
		return File{Name: shipped + name + ".toml", Text: text}, nil
	}
}

func noProfile(name string, fsys fs.FS) error {
	files, _ := fs.Glob(fsys, "*.toml")
	for i := range files {
		files[i] = strings.TrimSuffix(files[i], ".toml")
	}
	return fmt.Errorf("no shipped profile is called %q%s; accepted: a path such as ./%s.toml, or one of: %s",
		name, suggest.DidYouMean(name, files), name, strings.Join(files, ", "))
}
