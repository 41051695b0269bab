package cache

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

func open(t testing.TB) *Cache {
	t.Helper()
	dir := t.TempDir()
	c, err := OpenWith(filepath.Join(dir, "cache"), filepath.Join(dir, "index"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// write returns a fill that writes one file.
func write(text string) func(context.Context, string) error {
	return func(_ context.Context, dir string) error {
		return os.WriteFile(filepath.Join(dir, "file"), []byte(text), 0o644)
	}
}

func read(t testing.TB, e *Entry) string {
	t.Helper()
	b, err := e.Read("file")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// residue lists what is left in the cache's directory of temporaries.
func residue(t testing.TB, c *Cache) []os.DirEntry {
	t.Helper()
	left, err := os.ReadDir(filepath.Join(c.dir, "tmp"))
	if err != nil {
		t.Fatal(err)
	}
	return left
}

func TestEntryIsFilledOnce(t *testing.T) {
	c := open(t)
	var fills atomic.Int32
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			dir, err := c.Entry(t.Context(), "k", "a", func(ctx context.Context, dir string) error {
				fills.Add(1)
				return write("x")(ctx, dir)
			})
			if err != nil {
				t.Error(err)
			} else if got := read(t, dir); got != "x" {
				t.Errorf("entry holds %q", got)
			}
		})
	}
	wg.Wait()
	if n := fills.Load(); n != 1 {
		t.Errorf("filled %d times", n)
	}
	if dir, ok := c.Lookup("k", "a"); !ok || read(t, dir) != "x" {
		t.Errorf("Lookup = %v, %v", dir, ok)
	}
}

func TestFailedFillLeavesNothing(t *testing.T) {
	c := open(t)
	full := &os.PathError{Op: "write", Path: "file", Err: syscall.ENOSPC}
	_, err := c.Entry(t.Context(), "k", "a", func(ctx context.Context, dir string) error {
		return errors.Join(write("half")(ctx, dir), full)
	})
	if !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("error %v", err)
	}
	if _, ok := c.Lookup("k", "a"); ok {
		t.Error("a failed fill left an entry")
	}
	if left := residue(t, c); len(left) != 0 {
		t.Errorf("a failed fill left %v", left)
	}
	dir, err := c.Entry(t.Context(), "k", "a", write("whole"))
	if err != nil || read(t, dir) != "whole" {
		t.Errorf("the next fill: %v", err)
	}
}

func TestWaitingEndsWithContext(t *testing.T) {
	c := open(t)
	filling, release := make(chan bool), make(chan bool)
	var wg sync.WaitGroup
	wg.Go(func() {
		if _, err := c.Entry(context.Background(), "k", "a", func(ctx context.Context, dir string) error {
			close(filling)
			<-release
			return nil
		}); err != nil {
			t.Error(err)
		}
	})
	<-filling
	why := errors.New("interrupted")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(why)
	if _, err := c.Entry(ctx, "k", "a", write("other")); !errors.Is(err, why) {
		t.Errorf("error %v", err)
	}
	close(release)
	wg.Wait()
}

func TestDrop(t *testing.T) {
	c := open(t)
	if _, err := c.Entry(t.Context(), "k", "a", write("bad")); err != nil {
		t.Fatal(err)
	}
	for range 2 { // nothing to drop is no error
		if err := c.Drop("k", "a"); err != nil {
			t.Fatal(err)
		}
	}
	if _, ok := c.Lookup("k", "a"); ok {
		t.Error("still there")
	}
	if dir, err := c.Entry(t.Context(), "k", "a", write("good")); err != nil || read(t, dir) != "good" {
		t.Errorf("filling again: %v", err)
	}
}

func TestPruneOrder(t *testing.T) {
	maker := open(t)
	now := time.Now()
	age := map[string]time.Duration{"oldest": 5 * time.Hour, "old": 4 * time.Hour, "used": 3 * time.Hour, "fresh": time.Minute}
	for key, d := range age {
		e, err := maker.Entry(t.Context(), "k", key, write(string(make([]byte, 100_000))))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(e.Dir, now.Add(-d), now.Add(-d)); err != nil {
			t.Fatal(err)
		}
	}
	maker.Close()

	user, c := reopen(t, maker), reopen(t, maker)
	if _, ok := user.Lookup("k", "used"); !ok {
		t.Fatal("no entry to use")
	}
	items, err := c.List()
	if err != nil {
		t.Fatal(err)
	}
	if got := keys(items); !equal(got, "oldest", "old", "fresh", "used") {
		t.Errorf("List: %v", got)
	}
	if items[0].Size < 100_000 || items[0].Size > 120_000 {
		t.Errorf("size %d", items[0].Size)
	}
	total := 4 * items[0].Size
	for _, step := range []struct {
		limit int64
		want  []string
	}{
		{total, nil},
		{total - 1, []string{"oldest"}},
		{0, []string{"old"}}, // fresh is within keep, used is in use
	} {
		removed, err := c.Prune(step.limit, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		if got := keys(removed); !equal(got, step.want...) {
			t.Errorf("Prune(%d) removed %v, want %v", step.limit, got, step.want)
		}
	}
	user.Close()
	if removed, err := c.Prune(0, 0); err != nil || len(removed) != 2 {
		t.Errorf("the last Prune removed %v, %v", removed, err)
	}
	if left := residue(t, c); len(left) != 0 {
		t.Errorf("left %v", left)
	}
	if locks, _ := filepath.Glob(filepath.Join(c.dir, "lock", "*", "*")); len(locks) != 0 {
		t.Errorf("left %v", locks)
	}
}

func reopen(t *testing.T, c *Cache) *Cache {
	t.Helper()
	again, err := OpenWith(c.dir, filepath.Dir(c.index.dir))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { again.Close() })
	return again
}

func keys(items []Item) (keys []string) {
	for _, i := range items {
		keys = append(keys, i.Key)
	}
	return keys
}

func equal(got []string, want ...string) bool {
	if len(got) != len(want) {
		return false
	}
	for i := range got {
		if got[i] != want[i] {
			return false
		}
	}
	return true
}

func TestForeignNamesAreABug(t *testing.T) {
	c := open(t)
	for _, key := range []string{"", "..", "a/b", ".hidden", "a~b"} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("key %q was accepted", key)
				}
			}()
			c.Lookup("k", key)
		}()
	}
}

func TestDirFromEnvironment(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "here")
	t.Setenv("IMGBUILD_CACHE", dir)
	c, err := Open("")
	if err != nil || c.Dir() != dir {
		t.Fatalf("Dir %q, %v", c.Dir(), err)
	}
	t.Setenv("IMGBUILD_CACHE", "")
	t.Setenv("XDG_CACHE_HOME", dir)
	if c, err = Open(""); err != nil || c.Dir() != filepath.Join(dir, "imgbuild") {
		t.Fatalf("Dir %q, %v", c.Dir(), err)
	}
}

func BenchmarkLookup(b *testing.B) {
	c := open(b)
	if _, err := c.Entry(b.Context(), "k", "a", write("x")); err != nil {
		b.Fatal(err)
	}
	for _, mode := range []string{"first", "again"} {
		b.Run(mode, func(b *testing.B) {
			for b.Loop() {
				if mode == "first" {
					c.Close()
				}
				if _, ok := c.Lookup("k", "a"); !ok {
					b.Fatal("gone")
				}
			}
		})
	}
}
