package cache

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A record does not outlive its entry.
func TestRecordsAreSwept(t *testing.T) {
	c := open(t)
	mustEntry(t, c, "x")
	c.Close()
	if err := os.RemoveAll(c.Path("k", "a", "")); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Prune(1<<40, 0); err != nil {
		t.Fatal(err)
	}
	if exists(c.index.at("entry", "k", "a")) {
		t.Error("a record is left without its entry")
	}
	mustEntry(t, reopen(t, c), "x")
	if _, err := c.Prune(0, 0); err != nil || exists(c.index.at("entry", "k", "a")) != exists(c.Path("k", "a", "")) {
		t.Errorf("pruning keeps entry and record apart: %v", err)
	}
}

// A cache on a disk that is not mounted right now keeps its index; one that was not seen for long does not.
func TestIndexOfACacheThatIsAway(t *testing.T) {
	c := open(t)
	home := filepath.Dir(c.index.dir)
	away := filepath.Join(t.TempDir(), "away")
	other, err := OpenWith(away, home)
	if err != nil {
		t.Fatal(err)
	}
	mustEntry(t, other, "x")
	other.Close()
	move := func(from, to string) {
		t.Helper()
		if err := os.Rename(from, to); err != nil {
			t.Fatal(err)
		}
	}
	prune := func() {
		t.Helper()
		if _, err := c.Prune(1<<40, 0); err != nil {
			t.Fatal(err)
		}
	}
	age := func(path string) {
		t.Helper()
		if err := os.Chtimes(path, time.Time{}, time.Now().Add(-unused-time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	move(away, away+"~")
	prune()
	move(away+"~", away)
	if other, err = OpenWith(away, home); err != nil {
		t.Fatal(err)
	}
	if _, ok := other.Lookup("k", "a"); !ok {
		t.Fatal("the index is lost")
	}
	other.Close()
	// Old, but there.
	age(other.index.at("path"))
	prune()
	if !exists(other.index.at("path")) {
		t.Error("the index of a cache that is there is lost")
	}
	// Using it is what counts, not when it was made.
	if _, err := OpenWith(away, home); err != nil {
		t.Fatal(err)
	}
	move(away, away+"~")
	prune()
	if !exists(other.index.at("path")) {
		t.Error("an index that was just used is lost")
	}
	age(other.index.at("path"))
	prune()
	if exists(other.index.dir) {
		t.Error("the index of a cache that was away for long is still there")
	}
}

// Two caches that come to lie at one path, on two machines with one home, have an index each.
func TestTwoCachesAtOnePath(t *testing.T) {
	dir := t.TempDir()
	path, home := filepath.Join(dir, "cache"), filepath.Join(dir, "index")
	for _, text := range []string{"one", "two"} {
		c, err := OpenWith(path, home)
		if err != nil {
			t.Fatal(err)
		}
		mustEntry(t, c, text)
		if _, err := c.Prune(1<<40, 0); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(c.Close(), os.Rename(path, path+text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Rename(path+"one", path); err != nil {
		t.Fatal(err)
	}
	c, err := OpenWith(path, home)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if e, ok := c.Lookup("k", "a"); !ok || read(t, e) != "one" {
		t.Error("the other cache took this one's index")
	}
}

// Without a place for the index the cache can be looked at; only what has to be kept fails, before
// it costs anything, and says what could be a place.
func TestIndexNeedsAPlaceToWriteOnly(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for name, env := range map[string][2]string{"a file": {file, file}, "no home": {"", ""}} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("XDG_STATE_HOME", env[0])
			t.Setenv("HOME", env[1])
			c, err := Open(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if _, ok := c.Lookup("k", "a"); ok || c.Note("x") != nil || c.Notes() != "" {
				t.Error("something is there")
			}
			if _, err := c.Prune(0, 0); err != nil {
				t.Error(err)
			}
			_, err = c.Entry(t.Context(), "k", "a", func(context.Context, string) error {
				t.Error("filled for nothing")
				return nil
			})
			for _, err := range []error{err, c.SetNote("x", nil)} {
				if err == nil || !strings.Contains(err.Error(), "accepted: an absolute path in XDG_STATE_HOME") {
					t.Errorf("error %v", err)
				}
			}
		})
	}
}

// A relative XDG_STATE_HOME counts for none, as its specification says.
func TestRelativeStateHome(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("XDG_STATE_HOME", "relative")
	c, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	mustEntry(t, c, "x")
	if found, err := filepath.Glob(filepath.Join(home, ".local/state/imgbuild/cache/*/entry/k/a")); err != nil || len(found) != 1 {
		t.Errorf("records %v, %v", found, err)
	}
}
