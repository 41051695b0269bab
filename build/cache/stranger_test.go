package cache

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// asStranger calls do with the rights on files of a user who owns none of them.
func asStranger(t *testing.T, do func()) {
	t.Helper()
	if os.Geteuid() == 0 {
		const nobody = 65534
		runtime.LockOSThread() // the rights are the thread's; it must not serve another
		defer runtime.UnlockOSThread()
		if err := unix.Setfsuid(nobody); err != nil {
			t.Fatal(err)
		}
		defer unix.Setfsuid(0)
	}
	do()
}

// Of another user's cache that cannot be written to, what a hash from elsewhere vouches for serves. The rest
// cannot be made, and the message says what could be done.
func TestAnothersCacheThatCannotBeWritten(t *testing.T) {
	c := open(t)
	mustEntry(t, c, "x")
	c.Close()
	top := filepath.Dir(c.Dir())
	mine := filepath.Join(top, "mine")
	if err := errors.Join(os.Chmod(filepath.Dir(top), 0o755), os.Mkdir(mine, 0o700), os.Chmod(mine, 0o777)); err != nil {
		t.Fatal(err)
	}
	if err := filepath.WalkDir(c.Dir(), func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			t.Cleanup(func() { os.Chmod(path, 0o755) })
			return os.Chmod(path, 0o555)
		}
		return os.Chmod(path, 0o444)
	}); err != nil {
		t.Fatal(err)
	}
	asStranger(t, func() {
		stranger, err := OpenWith(c.Dir(), mine)
		if err != nil {
			t.Error(err)
			return
		}
		defer stranger.Close()
		_, err = stranger.Entry(t.Context(), "k", "a", func(context.Context, string) error {
			t.Error("filled for nothing")
			return nil
		})
		_, locked := stranger.Lock(t.Context(), "apt", nil)
		for _, err := range []error{err, locked, stranger.Drop("k", "a")} {
			if !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), "the cache in "+c.Dir()+" is not yours to write") {
				t.Errorf("error %v", err)
			}
		}
		for _, right := range []bool{false, true} {
			e, ok, err := stranger.Adopt(t.Context(), "k", "a", func(e *Entry) error {
				b, err := e.Read("file")
				if err == nil && (string(b) != "x" || !right) {
					err = errors.New("another")
				}
				return err
			})
			if err != nil || ok != right || ok && read(t, e) != "x" {
				t.Errorf("adopted: %v, want %v: %v", ok, right, err)
			}
		}
		if _, ok := stranger.Lookup("k", "a"); !ok {
			t.Error("what was adopted is not known")
		}
	})
}
