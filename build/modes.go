package build

import (
	"fmt"
	"io/fs"
	"maps"
	"slices"

	"github.com/imgbuild/imgbuild/build/plan"
	"github.com/imgbuild/imgbuild/build/tree"
	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/strict"
	"github.com/imgbuild/imgbuild/internal/suggest"
)

// modes gives the files of overlays the permissions that the profile states. Those that they have in the overlay never
// reach the image, or a umask would change it; but where these say that a file is not like others, or its
// content does, somebody has to say what it is to be.
type modes struct {
	p        *profile.Profile
	rows     []string          // of image.modes, the longest pattern first
	secret   map[string]string // files that keys name as secret, with the key, by their place in the image
	used     map[string]bool
	seen     []string
	problems profile.Problems
}

func newModes(p *profile.Profile) *modes {
	m := &modes{p: p, used: map[string]bool{}, secret: map[string]string{}}
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
	m.problems = append(m.problems, profile.Problem{Pos: m.p.At(key), Key: key, Msg: fmt.Sprintf(format, args...)})
}

// settle returns an overlay as it lies in the image; key is where the profile names it.
func (m *modes) settle(key, name string, found []tree.Imported) plan.Overlay {
	out := plan.Overlay{Name: name}
	for _, f := range found {
		at := plan.MergedUsr("/" + f.Path)
		if f.Mode.Type() == fs.ModeSymlink {
			out.Files = append(out.Files, f.File)
			continue
		}
		m.seen = append(m.seen, at)
		row := m.rowFor(at, f.Mode.IsDir())
		switch secret, named := m.secret[at]; {
		case row != "":
			stated := f.Mode.Type() | m.p.Image.Modes[row].Bits(f.Mode)
			if named && stated&0o077 != 0 {
				m.bad(strict.JoinKey("image.modes", row), "would open %s, which %s names as secret, to others; accepted: \"0600\", \"0400\", or leave it out", at, secret)
			}
			if f.Mode.IsDir() && stated != f.Mode {
				out.Dirs = append(out.Dirs, tree.File{Path: f.Path, Mode: stated, Why: "image.modes"})
				continue
			}
			f.Mode = stated
		case named:
			f.Mode = 0o600
		default:
			if why := special(f); why != "" {
				m.bad(key, "%s in overlay %q %s; accepted: %s = %q, or what else it is to be in the image", at, name, why, strict.JoinKey("image.modes", at), suggested(f))
			}
		}
		if !f.Way {
			out.Files = append(out.Files, f.File)
		}
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

// special says in what a file is not like others; "" where it is.
func special(f tree.Imported) string {
	switch {
	case f.Own&fs.ModeSetuid != 0 && !f.Mode.IsDir():
		return "is setuid"
	case f.Own&fs.ModeSetgid != 0 && !f.Mode.IsDir(): // on directories it comes from the folder that a checkout lies in
		return "is setgid"
	case f.Own&fs.ModeSticky != 0:
		return "is sticky"
	case f.Holds != "":
		return "looks like " + f.Holds + ", and everybody could read it in the image"
	case f.Mode.IsDir() && f.Own&0o005 == 0:
		return fmt.Sprintf("is closed to others (%04o), and everybody could enter it in the image", f.Own.Perm())
	case f.Mode.IsRegular() && f.Own&0o004 == 0:
		return fmt.Sprintf("may not be read by others (%04o), and everybody could read it in the image", f.Own.Perm())
	}
	return ""
}

// suggested is the mode that most likely is meant.
func suggested(f tree.Imported) string {
	if f.Holds != "" && f.Own&0o007 != 0 {
		return "0600"
	}
	return fmt.Sprintf("%04o", tree.Permissions(f.Own))
}

// unused finds rows that mean nothing in any overlay.
func (m *modes) unused() {
	for _, row := range slices.Sorted(maps.Keys(m.p.Image.Modes)) {
		if !m.used[row] {
			m.bad(strict.JoinKey("image.modes", row), "is no file of an overlay%s; accepted: a path or pattern of files in image.overlays (those of packages keep the modes that they have there)", suggest.DidYouMean(row, m.seen))
		}
	}
}
