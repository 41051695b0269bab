package cache

import (
	"context"
	"errors"
	"fmt"
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

// Notes returns a directory for what is small and must not be believed from a cache. It lies in the index.
func (c *Cache) Notes() string { return c.index.at("note") }

// Note reads what SetNote wrote; nil where there is nothing.
func (c *Cache) Note(name string) []byte {
	text, err := os.ReadFile(filepath.Join(c.Notes(), name))
	if err != nil {
		return nil
	}
	return text
}

// SetNote replaces a note.
func (c *Cache) SetNote(name string, text []byte) error {
	if err := renameio.WriteFile(filepath.Join(c.Notes(), name), text, 0o600); err != nil {
		return fmt.Errorf("noting in the cache's index: %w", err)
	}
	return nil
}

// Lock waits until no process or goroutine holds name, and holds it until the file is closed,
// here and by all processes that inherited it. Where it has to wait it calls waiting first, if given.
func (c *Cache) Lock(ctx context.Context, name string, waiting func()) (*os.File, error) {
	f, err := lock(ctx, filepath.Join(c.dir, "lock", "state", name), waiting)
	if err != nil {
		return nil, fmt.Errorf("waiting for %s in the cache: %w", name, err)
	}
	return f, nil
}

// lock flocks the file at path for us alone. It asks again and again instead of
// blocking: a blocked flock(2) could not be given up when ctx ends.
func lock(ctx context.Context, path string, waiting func()) (*os.File, error) {
	pause := time.Millisecond
	for {
		f, err := tryLock(path)
		if err == nil {
			return f, nil
		}
		if !errors.Is(err, unix.EWOULDBLOCK) {
			return nil, err
		}
		if waiting != nil {
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
