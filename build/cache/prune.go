package cache

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Prune removes entries, least recently used first, until the rest takes no more
// than limit bytes. It leaves those that were used within keep or are in use by any
// process. What killed fills left behind goes in any case.
func (c *Cache) Prune(limit int64, keep time.Duration) (removed []Item, err error) {
	if err := errors.Join(c.sweep(), c.sweepIndex()); err != nil {
		return nil, fmt.Errorf("pruning the cache: %w", err)
	}
	items, err := c.List()
	if err != nil {
		return nil, err
	}
	var total int64
	for _, item := range items {
		total += item.Size
	}
	for _, item := range items {
		if total <= limit {
			break
		}
		gone, err := c.evict(item, time.Now().Add(-keep))
		if err != nil {
			return removed, fmt.Errorf("pruning the cache: %w", err)
		}
		if gone {
			total -= item.Size
			removed = append(removed, item)
		}
	}
	return removed, nil
}

// evict removes an entry unless it is in use or was used after the given time.
func (c *Cache) evict(item Item, after time.Time) (bool, error) {
	held, err := tryLock(c.lockPath(item.Kind, item.Key))
	if errors.Is(err, unix.EWOULDBLOCK) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer held.Close()
	dir, err := os.Open(c.entry(item.Kind, item.Key))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer dir.Close()
	// Any refusal counts as "in use": not every network file system lets a directory
	// be locked for one's own.
	if flock(dir, unix.LOCK_EX|unix.LOCK_NB) != nil {
		return false, nil
	}
	// It may have been used and released since it was listed.
	if info, err := dir.Stat(); err != nil || info.ModTime().After(after) {
		return false, err
	}
	return true, c.remove(item.Kind, item.Key)
}

// sweep removes temporaries whose makers are dead.
func (c *Cache) sweep() error {
	left, err := os.ReadDir(filepath.Join(c.dir, "tmp"))
	if err != nil {
		return err
	}
	for _, d := range left {
		kind, key, ok := strings.Cut(strings.TrimSuffix(d.Name(), "~"), "~") // one "~" more: being removed
		if !ok || !isKind(kind) || !isKey(key) {
			continue // not ours
		}
		held, err := tryLock(c.lockPath(kind, key))
		if errors.Is(err, unix.EWOULDBLOCK) {
			continue // somebody is at work there
		}
		if err != nil {
			return err
		}
		err = removeAll(filepath.Join(c.dir, "tmp", d.Name()))
		if _, missing := os.Stat(c.entry(kind, key)); missing != nil {
			err = errors.Join(err, os.Remove(c.lockPath(kind, key)))
		}
		held.Close()
		if err != nil {
			return err
		}
	}
	return nil
}
