package cache

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// attack changes a file in a cache and leaves its time as it was.
type attack struct {
	name string
	do   func(path string) error
}

var attacks = []attack{
	{"a byte", func(path string) error {
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			return err
		}
		b := make([]byte, 1)
		_, err = f.ReadAt(b, 0)
		b[0] ^= 0x20
		_, wrote := f.WriteAt(b, 0)
		return errors.Join(err, wrote, f.Close())
	}},
	{"cut short", func(path string) error { return os.Truncate(path, 0) }},
	{"longer", func(path string) error { return os.Truncate(path, 1<<40) }},
	{"gone", os.Remove},
	{"a link to the same bytes", func(path string) error {
		return errors.Join(os.Rename(path, path+".away"), os.Symlink(path+".away", path))
	}},
	{"a directory", func(path string) error { return errors.Join(os.Remove(path), os.Mkdir(path, 0o755)) }},
	{"a fifo, on which a reader would hang", func(path string) error { return errors.Join(os.Remove(path), syscall.Mkfifo(path, 0o644)) }},
	{"a link to /dev/zero", func(path string) error { return errors.Join(os.Remove(path), os.Symlink("/dev/zero", path)) }},
}

func (a attack) on(t *testing.T, path string) {
	t.Helper()
	info, err := os.Lstat(path)
	if err == nil {
		err = a.do(path)
	}
	if err != nil {
		t.Fatal(err)
	}
	if now, err := os.Lstat(path); err == nil && now.Mode().IsRegular() {
		if err := os.Chtimes(path, info.ModTime(), info.ModTime()); err != nil {
			t.Fatal(err)
		}
	}
}

// warned is a Warn that keeps what it is told.
type warned []string

func (w *warned) warn(format string, args ...any) { *w = append(*w, fmt.Sprintf(format, args...)) }

// Whatever is done to a file of an entry, nobody gets to see it: the entry is named, dropped, made again.
func TestDamagedEntryIsMadeAnew(t *testing.T) {
	for _, a := range attacks {
		t.Run(a.name, func(t *testing.T) {
			c := open(t)
			var told warned
			c.Warn = told.warn
			fills := 0
			use := func() (text string) {
				t.Helper()
				err := c.Mend(func() error {
					e, err := c.Entry(t.Context(), "k", "a", func(ctx context.Context, dir string) error {
						fills++
						return write("right")(ctx, dir)
					})
					if err != nil {
						return err
					}
					b, err := e.Read("file")
					text = string(b)
					return err
				})
				if err != nil {
					t.Fatal(err)
				}
				return text
			}
			use()
			a.on(t, c.Path("k", "a", "file"))
			if got := use(); got != "right" || fills != 2 || len(told) != 1 || !strings.Contains(told[0], "k/a is damaged: file") {
				t.Errorf("read %q, filled %d times, told %q", got, fills, told)
			}
			if got := use(); got != "right" || fills != 2 || len(told) != 1 {
				t.Errorf("then: read %q, filled %d times, told %q", got, fills, told)
			}
		})
	}
}

// An entry that is damaged each time is an error, not a loop.
func TestMendGivesUp(t *testing.T) {
	c := open(t)
	tries := 0
	err := c.Mend(func() error {
		tries++
		e, err := c.Entry(t.Context(), "k", "a", write("x"))
		if err == nil {
			attacks[0].on(t, c.Path("k", "a", "file"))
			_, err = e.Read("file")
		}
		return err
	})
	var bad *DamageError
	if !errors.As(err, &bad) || bad.Key != "a" || tries != 2 {
		t.Errorf("%d tries, %v", tries, err)
	}
}

// What the index does not know is not believed: of another user, of another machine, of a time before.
func TestEntryWithoutRecord(t *testing.T) {
	c := open(t)
	mustEntry(t, c, "theirs")
	c.Close()
	stranger, err := OpenWith(c.Dir(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer stranger.Close()
	var told warned
	stranger.Warn = told.warn
	if _, ok := stranger.Lookup("k", "a"); ok {
		t.Error("a stranger's entry was believed")
	}
	e := mustEntry(t, stranger, "mine")
	if got := read(t, e); got != "mine" || len(told) != 1 || !strings.Contains(told[0], "k/a") {
		t.Errorf("read %q, told %q", got, told)
	}
	// And to the first one it is another's now.
	again := reopen(t, c)
	err = again.Mend(func() error {
		e, err := again.Entry(t.Context(), "k", "a", write("theirs"))
		if err == nil {
			_, err = e.Read("file")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if e, ok := again.Lookup("k", "a"); !ok || read(t, e) != "theirs" {
		t.Error("the first user has not made his own again")
	}
}

func mustEntry(t *testing.T, c *Cache, text string) *Entry {
	t.Helper()
	e, err := c.Entry(t.Context(), "k", "a", write(text))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// A record that rotted is none.
func TestDamagedRecord(t *testing.T) {
	c := open(t)
	mustEntry(t, c, "x")
	c.Close()
	for _, a := range []attack{attacks[0], attacks[1], attacks[3]} {
		path := c.index.at("entry", "k", "a")
		a.on(t, path)
		if _, ok := reopen(t, c).Lookup("k", "a"); ok {
			t.Errorf("%s: believed", a.name)
		}
		again := reopen(t, c)
		mustEntry(t, again, "x")
		again.Close()
	}
}

// Reading at random gives what was written, holes and all, whatever is asked for; and nothing of a
// chunk that was changed.
func TestReadAt(t *testing.T) {
	const size = 5*chunk + 777
	want := make([]byte, size)
	seeded := rand.NewChaCha8([32]byte{1})
	seeded.Read(want[chunk+5 : 2*chunk])
	seeded.Read(want[4*chunk : size-3])
	c := open(t)
	e, err := c.Entry(t.Context(), "k", "a", func(_ context.Context, dir string) error {
		f, err := os.Create(filepath.Join(dir, "file"))
		if err != nil {
			return err
		}
		_, err = f.WriteAt(want[chunk+5:2*chunk], chunk+5)
		_, more := f.WriteAt(want[4*chunk:size-3], 4*chunk)
		return errors.Join(err, more, f.Truncate(size), f.Close())
	})
	if err != nil {
		t.Fatal(err)
	}
	f, err := e.Open("file")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	random := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		at, n := random.Int64N(size+10), random.IntN(3*chunk)
		p := make([]byte, n)
		got, err := f.ReadAt(p, at)
		rest := max(0, size-at)
		if int64(got) != min(rest, int64(n)) || (err == io.EOF) != (int64(n) > rest) || !bytes.Equal(p[:got], want[min(at, size):min(at, size)+int64(got)]) {
			t.Fatalf("reading %d bytes at %d: %d, %v", n, at, got, err)
		}
	}
	if got := fmt.Sprint(f.Data()); got != fmt.Sprint([][2]int64{{chunk, 2 * chunk}, {4 * chunk, size}}) {
		t.Errorf("data at %s", got)
	}
	// Bytes that come where a hole was are not read; those of a changed chunk neither.
	disk, err := os.OpenFile(c.Path("k", "a", "file"), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer disk.Close()
	for _, at := range []int64{10, 4*chunk + 9} {
		if _, err := disk.WriteAt([]byte("evil"), at); err != nil {
			t.Fatal(err)
		}
	}
	p := make([]byte, chunk)
	if n, err := f.ReadAt(p, 0); n != chunk || err != nil || !zeros(p) {
		t.Errorf("a hole gives %d, %v", n, err)
	}
	var bad *DamageError
	for _, from := range []int64{4 * chunk, 4*chunk + 8} {
		if n, err := f.ReadAt(p, from); !errors.As(err, &bad) || n != 0 || bytes.Contains(p, []byte("evil")) {
			t.Errorf("a changed chunk gives %d, %v", n, err)
		}
	}
	if !errors.As(f.Damage(), &bad) {
		t.Errorf("damage: %v", f.Damage())
	}
}

// Adopt believes what a hash from elsewhere vouches for, and nothing else.
func TestAdopt(t *testing.T) {
	c := open(t)
	mustEntry(t, c, "x")
	stranger, err := OpenWith(c.Dir(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer stranger.Close()
	vouch := func(want string) func(*Entry) error {
		return func(e *Entry) error {
			if b, err := e.Read("file"); err != nil || string(b) != want {
				return errors.New("another")
			}
			return nil
		}
	}
	if _, ok, err := stranger.Adopt(t.Context(), "k", "a", vouch("y")); ok || err != nil {
		t.Errorf("adopted what is another: %v", err)
	}
	e, ok, err := stranger.Adopt(t.Context(), "k", "a", vouch("x"))
	if !ok || err != nil || read(t, e) != "x" {
		t.Errorf("not adopted: %v", err)
	}
	if _, ok, _ := stranger.Adopt(t.Context(), "k", "none", vouch("x")); ok {
		t.Error("adopted what is not there")
	}
}
