package cache

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

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

// Lock waits until no process or goroutine holds name, and holds it until unlock is
// called or the process ends. Where it has to wait it calls waiting first, if given.
func (c *Cache) Lock(ctx context.Context, name string, waiting func()) (unlock func(), err error) {
	f, err := lock(ctx, filepath.Join(c.dir, "lock", "state", name), waiting)
	if err != nil {
		return nil, fmt.Errorf("waiting for %s in the cache: %w", name, err)
	}
	return func() { f.Close() }, nil
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
