package sources

import (
	"io/fs"
	"maps"
	"slices"

	"github.com/imgbuild/imgbuild/build/plan"
	"github.com/imgbuild/imgbuild/build/tree"
	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/suggest"
)

// modes gives the files of overlays the permissions that the profile states. Those that they have in the overlay never
// reach the image, or a umask would change it; but where these say that a file is not like others, or its
// content does, somebody has to say what it is to be.
type modes struct {
	p        *profile.Profile
	rows     []string             // of image.modes, the longest pattern first
	secret   map[string]string    // files that keys name as secret, with the key, by their place in the image
	dirs     map[string]tree.File // that the image has for itself, by absolute path
	used     map[string]bool
	seen     []string
	problems profile.Problems
}

func newModes(p *profile.Profile) *modes {
	m := &modes{p: p, used: map[string]bool{}, secret: map[string]string{}, dirs: plan.Directories(p)}
	for file, key := range p.SecretFiles() {
		m.secret[plan.MergedUsr(file)] = key
	}
	m.rows = slices.SortedFunc(maps.Keys(p.Image.Modes), func(a, b string) int {
		if profile.Exact(a) != profile.Exact(b) {
			return map[bool]int{true: -1, false: 1}[profile.Exact(a)]
		}
		return len(b) - len(a)
	})
	return m
}

func (m *modes) bad(key, format string, args ...any) {
	j := m.p.Judge().Of("image.overlays", "image.modes")
	j.Bad(key, format, args...)
	m.problems = append(m.problems, j.Found()...)
}

// settle returns an overlay as it lies in the image; key is where the profile names it. Where all of it is shut, that
// says nothing of any file.
func (m *modes) settle(key, name string, found []tree.Imported, shut bool) plan.Overlay {
	out := plan.Overlay{Name: name}
	var closed []tree.Imported
	for _, f := range found {
		if f.Mode.Type() == fs.ModeSymlink {
			out.Files = append(out.Files, f.File)
			continue
		}
		at := plan.MergedUsr("/" + f.Path)
		m.seen = append(m.seen, at)
		row := m.rowFor(at, f.Mode.IsDir())
		said := row != ""
		exact := said && profile.Exact(row)
		mode := m.p.Image.Modes[row]
		stated := f.Mode.Type() | mode.Bits(f.Mode)
		secret, named := m.secret[at]
		named = named && f.Mode.IsRegular()
		opens := named && stated&0o077 != 0
		image, own := m.dirs[at] // the image has it for itself
		switch why := special(f); {
		case own && exact && mode != profile.ModeUsual && image.Mode != stated:
			m.bad(problem.JoinKey("image.modes", row), "is a directory that the image has for itself (%s), with the mode %04o; accepted: leave it out", image.Why, tree.Permissions(image.Mode))
		case own:
		case opens && exact:
			m.bad(problem.JoinKey("image.modes", row), "would open %s, which %s names as secret, to others; accepted: \"0600\", \"0400\", or leave it out", at, secret)
		case opens:
			f.Mode = 0o600
		case named:
			f.Mode = stated
		case why != "" && (!said || !exact && mode == profile.ModeUsual): // a pattern does not know what it calls usual
			m.bad(key, "%s in overlay %q %s; accepted: a row of its own, image.modes.%q = %q, or \"usual\", which is %04o", at, name, why, at, suggested(f), f.Mode.Perm())
		case !said && !shut && isClosed(f):
			closed = append(closed, f)
		case f.Mode.IsDir() && stated != f.Mode:
			out.Dirs = append(out.Dirs, tree.File{Path: f.Path, Mode: stated, Why: problem.JoinKey("image.modes", row)})
			continue
		default:
			f.Mode = stated
		}
		if !f.Way {
			out.Files = append(out.Files, f.File)
		}
	}
	if len(closed) > 0 {
		m.bad(key, "%s", sayClosed(name, closed))
	}
	return out
}

// rowFor is the row of image.modes for a path. Patterns mean files, for what lets one read a file does not let one enter a
// directory, and directories only where they ask for what is usual.
func (m *modes) rowFor(at string, dir bool) (row string) {
	for _, r := range m.rows {
		if !profile.MatchMode(plan.MergedUsr(r), at) {
			continue
		}
		if dir && !profile.Exact(r) && m.p.Image.Modes[r] != profile.ModeUsual {
			continue
		}
		m.used[r] = true // so is one whom another one beats
		if row == "" {
			row = r
		}
	}
	return row
}

// unused finds rows that mean nothing in any overlay.
func (m *modes) unused() {
	for _, row := range slices.Sorted(maps.Keys(m.p.Image.Modes)) {
		if !m.used[row] {
			m.bad(problem.JoinKey("image.modes", row), "is no file of an overlay%s; accepted: a path or pattern of files in image.overlays (those of packages keep the modes that they have there)", suggest.DidYouMean(row, m.seen))
		}
	}
}
