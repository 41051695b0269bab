// Package cache keeps what is costly to make, under the name of what it was made
// from. Any number of builds may use one cache at once: an entry is filled by one
// of them and appears whole, by rename, or not at all.
//
// On disk:
//
//	entry/KIND/KEY/   finished entries; the directory's time is when it was last used.
//	                  What they hold is recorded elsewhere: see index
//	lock/KIND/KEY     who fills the entry holds this flocked; the text is the entry's size
//	tmp/KIND~KEY/     entries being filled or removed
//	id                see identity
//	state/NAME/       see State
//	lock/state/NAME   see Lock
package cache

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Cache is a directory of entries. It is safe for concurrent use.
type Cache struct {
	// Warn is told about entries that are damaged or not in the index; nil for nobody. It is set before
	// the cache is used.
	Warn func(format string, args ...any)

	dir   string
	index index

	mu sync.Mutex
	// used holds the entries that were handed out.
	used map[string]*used
	// foreign: a person has heard that there are entries which the index does not know.
	foreign bool
}

// used is an entry in use; dir is open and flocked shared, so that no other process prunes it under us.
type used struct {
	dir   *os.File
	entry *Entry
}

// Open returns the cache in dir, made if need be. An empty dir means
// $IMGBUILD_CACHE, or else imgbuild in the user's cache directory. Its index is in
// $XDG_STATE_HOME, or else in ~/.local/state.
func Open(dir string) (*Cache, error) { return OpenWith(dir, "") }

// OpenWith is Open with the index in another place than the user's.
func OpenWith(dir, indexes string) (*Cache, error) {
	if dir == "" {
		dir = os.Getenv("IMGBUILD_CACHE")
	}
	if dir == "" {
		base, err := os.UserCacheDir()
		if err != nil {
			return nil, fmt.Errorf("finding the cache: %w (IMGBUILD_CACHE names another place)", err)
		}
		dir = filepath.Join(base, "imgbuild")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("finding the cache: %w", err)
	}
	for _, sub := range []string{"entry", "lock", "tmp", "state"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			return nil, fmt.Errorf("making the cache: %w (IMGBUILD_CACHE names another place)", err)
		}
	}
	if err := errors.Join(tag(dir), identify(dir)); err != nil {
		return nil, fmt.Errorf("making the cache: %w", err)
	}
	return &Cache{dir: dir, index: openIndex(indexes, dir), used: map[string]*used{}}, nil
}

// tag marks the directory as one that backups may leave out
// (https://bford.info/cachedir/).
func tag(dir string) error {
	f, err := os.OpenFile(filepath.Join(dir, "CACHEDIR.TAG"), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if errors.Is(err, fs.ErrExist) || notOurs(err) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = f.WriteString("Signature: 8a477f597d28d172789f06886806bc55\n")
	return errors.Join(err, f.Close())
}

// Dir is where the cache lies, an absolute path.
func (c *Cache) Dir() string { return c.dir }

// Close says that the entries handed out are no longer in use. The end of the
// process says the same.
func (c *Cache) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var errs []error
	for path, u := range c.used {
		errs = append(errs, u.dir.Close())
		delete(c.used, path)
	}
	return errors.Join(errs...)
}

// Lookup returns an entry where there is one that the index knows, and counts that
// as a use: until Close no process prunes it. It reads none of the entry's files.
func (c *Cache) Lookup(kind, key string) (*Entry, bool) {
	path := c.entry(kind, key)
	c.mu.Lock()
	defer c.mu.Unlock()
	if u := c.used[path]; u != nil {
		if isAt(u.dir, path) {
			return u.entry, true
		}
		// Dropped since.
		u.dir.Close()
		delete(c.used, path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, false
	}
	known := false
	var files record
	// Refused to one who comes while Prune holds it; then it is gone at once. A file
	// system on which directories cannot be locked is one on which nothing is pruned.
	if !errors.Is(flock(f, unix.LOCK_SH|unix.LOCK_NB), unix.EWOULDBLOCK) && isAt(f, path) {
		files, known = c.index.load(kind, key)
	}
	// A record changes only while there is no entry of its name: where the same one is there
	// before and after, this is its record.
	if !known || !isAt(f, path) {
		f.Close()
		return nil, false
	}
	now := time.Now()
	// Of a cache that cannot be written to, reading is still worth having.
	_ = os.Chtimes(path, now, now)
	e := &Entry{Dir: path, kind: kind, key: key, files: files}
	c.used[path] = &used{f, e}
	return e, true
}

// isAt tells whether path still names the open file.
func isAt(f *os.File, path string) bool {
	mine, err := f.Stat()
	if err != nil {
		return false
	}
	there, err := os.Lstat(path)
	return err == nil && os.SameFile(mine, there)
}

// Path is where a file of an entry lies, or would. What is there is not to be believed: see Stream.
func (c *Cache) Path(kind, key, file string) string { return filepath.Join(c.entry(kind, key), file) }

func (c *Cache) entry(kind, key string) string {
	if !isKind(kind) || !isKey(key) {
		panic(fmt.Sprintf("BUG: no cache entry can be called %q/%q", kind, key))
	}
	return filepath.Join(c.dir, "entry", kind, key)
}
