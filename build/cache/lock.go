package cache

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/google/renameio/v2"
	"golang.org/x/sys/unix"
)

// State returns the directory name of things that change and are no entries, such
// as apt's package lists. Who writes there takes Lock of the same name first.
func (c *Cache) State(name string) (string, error) {
	dir := filepath.Join(c.dir, "state", name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("making %s in the cache: %w", name, err)
	}
	return dir, nil
}

// Notes returns a directory for what is small and must not be believed from a cache. It lies in the
// index; "" where there is no place for one.
func (c *Cache) Notes() string {
	if c.index.make("note") != nil {
		return ""
	}
	return c.index.at("note")
}

// Note reads what SetNote wrote; nil where there is nothing.
func (c *Cache) Note(name string) []byte {
	if c.index.err != nil {
		return nil
	}
	text, err := os.ReadFile(c.index.at("note", name))
	if err != nil {
		return nil
	}
	return text
}

// SetNote replaces a note.
func (c *Cache) SetNote(name string, text []byte) error {
	if err := c.index.make("note"); err != nil {
		return err
	}
	if err := renameio.WriteFile(c.index.at("note", name), text, 0o600); err != nil {
		return fmt.Errorf("noting in the cache's index: %w", err)
	}
	return nil
}

// Lock waits until no process or goroutine holds name, and holds it until the file is closed,
// here and by all processes that inherited it. Where it has to wait it calls waiting first, if given.
func (c *Cache) Lock(ctx context.Context, name string, waiting func()) (*os.File, error) {
	f, err := lock(ctx, filepath.Join(c.dir, "lock", "state", name), waiting)
	if err != nil {
		return nil, fmt.Errorf("waiting for %s in the cache: %w", name, c.place(err))
	}
	return f, nil
}

// notOurs tells whether an error says that a place cannot be written to by us.
func notOurs(err error) bool { return errors.Is(err, fs.ErrPermission) || errors.Is(err, unix.EROFS) }

// place says of such an error what could be done.
func (c *Cache) place(err error) error {
	if !notOurs(err) {
		return err
	}
	return fmt.Errorf("the cache in %s is not yours to write (%w); accepted: IMGBUILD_CACHE with a folder that is", c.dir, err)
}

// worthTelling is how long a wait lasts before a person hears of it. For a moment a lock that was given back is still held by a program
// that is being started: between fork and exec it has our files.
const worthTelling = 500 * time.Millisecond

// lock flocks the file at path for us alone. It asks again and again instead of
// blocking: a blocked flock(2) could not be given up when ctx ends.
func lock(ctx context.Context, path string, waiting func()) (*os.File, error) {
	began, pause := time.Now(), time.Millisecond
	for {
		f, err := tryLock(path)
		if err == nil {
			return f, nil
		}
		if !errors.Is(err, unix.EWOULDBLOCK) {
			return nil, err
		}
		if waiting != nil && time.Since(began) > worthTelling {
			waiting()
			waiting = nil
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(pause):
			pause = min(2*pause, 50*time.Millisecond)
		}
	}
}

// tryLock is lock without waiting: EWOULDBLOCK when another holds it.
func tryLock(path string) (*os.File, error) {
	for {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
		if errors.Is(err, os.ErrNotExist) {
			if err = os.MkdirAll(filepath.Dir(path), 0o755); err == nil {
				continue
			}
		}
		if err != nil {
			return nil, err
		}
		if err := flock(f, unix.LOCK_EX|unix.LOCK_NB); err != nil {
			f.Close()
			return nil, err
		}
		// Who held it before us may have removed it together with its entry.
		if isAt(f, path) {
			return f, nil
		}
		f.Close()
	}
}

func flock(f *os.File, how int) error {
	for {
		if err := unix.Flock(int(f.Fd()), how); err != unix.EINTR {
			return err
		}
	}
}
