package deb

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/internal/progress"
)

// talk notes what a person is told.
type talk struct {
	progress.Reporter
	notes int
}

func (s *talk) Note(string, ...any) { s.notes++ }

// mirror is a session whose apt does what a test says, at a fixed time.
type mirror struct {
	*session
	talk
	said []string
	then func(args []string) ([]byte, error)
}

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func newMirror(t *testing.T, then func(args []string) ([]byte, error)) *mirror {
	t.Helper()
	a, m := offlineApt(t), &mirror{then: then}
	m.talk.Reporter = progress.Discard
	a.progress, a.Etc, a.now = &m.talk, t.TempDir(), func() time.Time { return noon }
	a.run = func(_ context.Context, c command) ([]byte, error) {
		m.said = append(m.said, strings.Join(c.Args, " "))
		return m.then(c.Args)
	}
	dir, err := a.cache.State("apt")
	if err == nil {
		err = os.MkdirAll(filepath.Join(dir, "state/lists"), 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	m.session = &session{Apt: a, dir: dir}
	return m
}

func (m *mirror) list(t *testing.T, name string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(m.dir, "state/lists", name), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
}

// When the mirror is asked, and what does where it is not there.
func TestWhenListsAreAsked(t *testing.T) {
	const day = 24 * time.Hour
	gone := errors.New("gone")
	for name, tt := range map[string]struct {
		updated, tried time.Duration // ago
		have, other    bool          // lists; the sources were others
		change         func(*session)
		fails          bool
		asked, current bool
		notes          int
		err            bool
	}{
		"fresh":                         {updated: day - 1, tried: day - 1, have: true, current: true},
		"a day old":                     {updated: day, tried: day, have: true, asked: true, current: true},
		"of a clock that was set back":  {updated: 1 - day, tried: 1 - day, have: true, current: true},
		"of another day's clock":        {updated: -day, tried: -day, have: true, asked: true, current: true},
		"fresh, and another is wanted":  {updated: time.Hour, tried: time.Hour, have: true, change: func(s *session) { s.Refresh = true }, asked: true, current: true},
		"which this build has":          {updated: 2 * day, tried: 2 * day, have: true, change: func(s *session) { s.refreshed = true }, current: true},
		"of other sources":              {updated: time.Hour, tried: time.Hour, have: true, other: true, asked: true, current: true},
		"in doubt":                      {updated: time.Hour, tried: time.Hour, have: true, change: func(s *session) { s.doubt = true }, asked: true, current: true},
		"tried a moment ago":            {updated: 2 * day, tried: 5*time.Minute - 1, have: true, notes: 1},
		"tried a moment ahead":          {updated: 2 * day, tried: 1 - 5*time.Minute, have: true, notes: 1},
		"tried five minutes ago":        {updated: 2 * day, tried: 5 * time.Minute, have: true, asked: true, current: true},
		"tried just now, without lists": {updated: 2 * day, tried: 0, asked: true, current: true},
		"asked once in this build":      {updated: 2 * day, tried: 0, have: true, change: func(s *session) { s.Refresh, s.asked = true, true }, notes: 1},
		"not asked in this build":       {updated: 2 * day, tried: 0, have: true, change: func(s *session) { s.Refresh = true }, asked: true, current: true},
		"no answer":                     {updated: 2 * day, tried: 2 * day, have: true, fails: true, asked: true, notes: 1},
		"no answer, told before":        {updated: 2 * day, tried: 2 * day, have: true, change: func(s *session) { s.told = true }, fails: true, asked: true},
		"no answer, no lists":           {updated: 2 * day, tried: 2 * day, fails: true, asked: true, err: true},
	} {
		m := newMirror(t, func([]string) ([]byte, error) {
			if tt.fails {
				return nil, gone
			}
			return nil, nil
		})
		if tt.have {
			m.list(t, "a_Packages")
		}
		m.list(t, "a_InRelease") // which is none of packages
		_, sources, err := m.stamp()
		if tt.other {
			sources = "others"
		}
		if err := errors.Join(err, m.setStamp(stamp{Sources: sources, Updated: noon.Add(-tt.updated), Tried: noon.Add(-tt.tried)})); err != nil {
			t.Fatal(err)
		}
		if tt.change != nil {
			tt.change(m.session)
		}
		current, err := m.lists(t.Context())
		if asked := slices.Equal(m.said, []string{"apt-get -qq update"}); asked != tt.asked || !asked && m.said != nil || current != tt.current || (err != nil) != tt.err || m.notes != tt.notes {
			t.Errorf("%s: asked %q, current %v, %d notes, %v", name, m.said, current, m.notes, err)
		}
	}
}

// What is written down of an update: of one that failed that it was tried, and of what was in doubt no date, so that it is not fresh.
func TestUpdateIsWrittenDown(t *testing.T) {
	gone, was := errors.New("gone"), noon.Add(-time.Hour)
	for name, tt := range map[string]struct {
		doubt, have, fails bool
		updated            time.Time
		written, refreshed bool
		doubtful, errs     bool
	}{
		"it answers":              {updated: noon, written: true, refreshed: true},
		"it does not":             {fails: true, have: true, updated: was, written: true, errs: true},
		"in doubt, it answers":    {doubt: true, updated: noon, written: true, refreshed: true},
		"in doubt, in part":       {doubt: true, have: true, fails: true, written: true, errs: true},
		"in doubt, it never does": {doubt: true, fails: true, updated: was, doubtful: true, errs: true},
	} {
		m := newMirror(t, func([]string) ([]byte, error) {
			if tt.fails {
				return nil, gone
			}
			return nil, nil
		})
		if tt.have {
			m.list(t, "a_Packages")
		}
		if err := m.setStamp(stamp{Sources: "s", Updated: was, Tried: was}); err != nil {
			t.Fatal(err)
		}
		m.doubt = tt.doubt
		err := m.update(t.Context())
		is, sources, failed := m.stamp()
		state, failed2 := sumOfState(m.dir)
		want := stamp{Sources: sources, Updated: tt.updated, Tried: noon, State: state}
		if !tt.written {
			want = stamp{Sources: "s", Updated: was, Tried: was}
		}
		if (err != nil) != tt.errs || failed != nil || failed2 != nil || !reflect.DeepEqual(is, want) || m.refreshed != tt.refreshed || m.doubt != tt.doubtful || !m.asked {
			t.Errorf("%s: %v; %+v, want %+v; refreshed %v, doubt %v", name, err, is, want, m.refreshed, m.doubt)
		}
	}
	// Called off, it says nothing.
	m := newMirror(t, func([]string) ([]byte, error) { return nil, context.Canceled })
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if err := m.update(over); err == nil || m.asked {
		t.Errorf("called off: %v, asked %v", err, m.asked)
	}
}

// Of the lists is believed what the last build wrote down; where there are none there is nothing to doubt.
func TestCheckListsByTheStamp(t *testing.T) {
	m := newMirror(t, func([]string) ([]byte, error) { return nil, errAsked })
	check := func(what string, want bool) {
		t.Helper()
		if same, err := m.CheckLists(t.Context()); same != want || err != nil {
			t.Errorf("%s: %v, %v", what, same, err)
		}
	}
	check("none", true)
	m.list(t, "a_Packages")
	check("of nobody knows whom", false)
	state, err := sumOfState(m.dir)
	if err := errors.Join(err, m.setStamp(stamp{State: state})); err != nil {
		t.Fatal(err)
	}
	check("as they were left", true)
	m.list(t, "b_Packages")
	check("with another", false)
}

// A kernel lies behind four names at most; each is looked up as apt would install it, and only the first may be of a version.
func TestKernelBehindNames(t *testing.T) {
	for depth, ok := range map[int]bool{1: true, 2: true, 4: true, 5: false} {
		for version, candidate := range map[string]string{"": "--no-all-versions", "=1": "--all-versions"} {
			m := newMirror(t, nil)
			m.then = func(args []string) ([]byte, error) {
				var n int
				if _, err := fmt.Sscanf(args[len(args)-1], "linux-image-%d", &n); err != nil {
					return nil, err
				}
				text := fmt.Sprintf("Package: linux-image-%d\nVersion: 1\nArchitecture: amd64\nFilename: f\nSize: 7\nSHA256: %s\n", n, strings.Repeat("0", 64))
				if n < depth {
					text += fmt.Sprintf("Depends: kmod, linux-image-%d (= 1) | x\n", n+1)
				}
				return []byte(text), nil
			}
			p, err := m.kernel(t.Context(), "linux-image-1"+version)
			if (err == nil) != ok || ok && p.Name != fmt.Sprintf("linux-image-%d", depth) {
				t.Errorf("%d deep%s: %+v, %v", depth, version, p, err)
			}
			for i, said := range m.said {
				if want := fmt.Sprintf("apt-cache show %s -- linux-image-%d", map[bool]string{true: candidate, false: "--no-all-versions"}[i == 0], i+1); said != want {
					t.Errorf("asked %q, want %q", said, want)
				}
			}
		}
	}
	for name, ok := range map[string]bool{"": false, "-o": false, "Linux": false, "linux-": false, "linux-image-amd64": true, "l": true, "a+b.c=1:2~3-4": true, "a=": false, "a=b c": false} {
		if nameForm.MatchString(name) != ok {
			t.Errorf("%q is a package: %v", name, !ok)
		}
	}
}

// An index is read as xz-file-format.txt has it, up to what may be held in memory.
func TestXZIndexEdges(t *testing.T) {
	record := func(numbers ...byte) []byte { return append(append([]byte{0}, numbers...), 0, 0, 0, 0) }
	for name, tt := range map[string]struct {
		index []byte
		start int64
		want  []xzBlock
	}{
		"none":                {record(0), 12, []xzBlock{}},
		"one":                 {record(1, 5, 9), 20, []xzBlock{{12, 5, 9}}},
		"of four bytes":       {record(1, 4, 9), 16, []xzBlock{{12, 4, 9}}},
		"two":                 {record(2, 5, 9, 8, 1), 28, []xzBlock{{12, 5, 9}, {20, 8, 1}}},
		"a byte off":          {record(1, 5, 9), 21, nil},
		"another kind":        {append([]byte{1}, record(0)[1:]...), 12, nil},
		"cut off":             {record(2, 5, 9), 20, nil},
		"more than its bytes": {record(100), 12, nil},
		"a count without end": {record(0x80), 12, nil},
		"the most":            {record(1, 5, 0x80, 0x80, 0x80, 0x20), 20, []xzBlock{{12, 5, 64 << 20}}},
		"a byte more":         {record(1, 5, 0x81, 0x80, 0x80, 0x20), 20, nil},
	} {
		got, err := parseXZIndex(tt.index, tt.start)
		if (err == nil) != (tt.want != nil) || err == nil && !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, %v; want %v", name, got, err, tt.want)
		}
	}
}

// What an ELF file asks for is read in its own order of bytes, of programs and libraries alone.
func TestDynamicEdges(t *testing.T) {
	good := elfFile("/l", "x", "")
	for name, tt := range map[string]struct {
		body  string
		want  bool
		fails bool
	}{
		"nineteen bytes": {good[:19], false, false}, "twenty": {good[:20], false, true},
		"a core":   {good[:16] + "\x04" + good[17:], false, false},
		"no magic": {"\x7eELF" + good[4:], false, false}, "as it is": {good, true, false},
		"a big-endian object": {good[:5] + "\x02" + good[6:16] + "\x00\x01" + good[18:], false, false}, "a big-endian program": {good[:5] + "\x02" + good[6:16] + "\x00\x03" + good[18:], false, true},
	} {
		got, err := dynamic(strings.NewReader(tt.body))
		if (got != nil) != tt.want || (err != nil) != tt.fails {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}
