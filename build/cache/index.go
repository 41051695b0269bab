package cache

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/renameio/v2"
	"golang.org/x/sys/unix"
)

// The index says what a cache's entries hold. It lies outside of the cache, in the user's state
// directory, and is this user's alone: a cache that is shared, was restored from somewhere or has
// rotted is believed only where the index names its bytes.
//
//	imgbuild/cache/CACHE/path         where the cache lies; CACHE is a hash of that and of its id. The
//	                                  file's time is when the index was last used
//	imgbuild/cache/CACHE/entry/KIND/  records, one for each entry
//	imgbuild/cache/CACHE/note/        see Notes
//
// There is one from the first record or note on. Without a place for it nothing is believed, and
// nothing can be kept.
type index struct {
	dir   string
	cache string // where the cache lies
	err   error  // why there is no place for it
}

// stateHome is where the user's indexes lie
// (https://specifications.freedesktop.org/basedir-spec: a relative path counts for none).
func stateHome() (string, error) {
	base := os.Getenv("XDG_STATE_HOME")
	if !filepath.IsAbs(base) {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", err
		}
		base = filepath.Join(home, ".local", "state")
	}
	return filepath.Join(base, "imgbuild", "cache"), nil
}

// openIndex returns the index of the cache in dir. home is where indexes lie, "" for the user's place.
func openIndex(home, dir string) index {
	var err error
	if home == "" {
		home, err = stateHome()
	}
	if err != nil {
		return index{err: err}
	}
	x := index{dir: filepath.Join(home, indexName(dir)), cache: dir}
	now := time.Now()
	_ = os.Chtimes(x.at("path"), now, now) // of one that cannot be written to, reading is still worth having
	return x
}

// indexName tells caches apart, also those that lie at one path one after the other, or on two
// machines with one home.
func indexName(dir string) string {
	sum := sha256.Sum256([]byte(dir + "\n" + identity(dir)))
	return hex.EncodeToString(sum[:8])
}

// make has a folder of the index.
func (x index) make(parts ...string) error {
	err := x.err
	if err == nil {
		err = os.MkdirAll(x.at(parts...), 0o700)
	}
	if err == nil && !exists(x.at("path")) {
		err = renameio.WriteFile(x.at("path"), []byte(x.cache+"\n"), 0o600)
	}
	if err != nil {
		return fmt.Errorf("making the index of the cache, which lies outside of it: %w; accepted: an absolute path in XDG_STATE_HOME, of a folder that is yours to write", err)
	}
	return nil
}

func (x index) at(parts ...string) string { return filepath.Join(append([]string{x.dir}, parts...)...) }

// load returns the record of an entry; there is none of one that this user did not make.
func (x index) load(kind, key string) (record, bool) {
	if x.err != nil {
		return nil, false
	}
	text, err := os.ReadFile(x.at("entry", kind, key))
	if err != nil {
		return nil, false
	}
	var r record
	return r, r.UnmarshalText(text) == nil
}

// save and remove are for who holds the entry's lock.
func (x index) save(kind, key string, r record) error {
	text, err := r.MarshalText()
	if err != nil {
		return err
	}
	if err := x.make("entry", kind); err != nil {
		return err
	}
	return replace(x.at("entry", kind, key), text)
}

func (x index) remove(kind, key string) error {
	if x.err != nil {
		return nil
	}
	if err := os.Remove(x.at("entry", kind, key)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// replace writes a record by renaming. What a killed writer left bears the same name and is written over, which is why
// renameio does not do it: names of its files are random. A record that is lost with the power costs that its entry is made anew.
func replace(path string, text []byte) error {
	next := path + "~"
	if err := os.WriteFile(next, text, 0o600); err != nil {
		return err
	}
	return os.Rename(next, path)
}

// sweepIndex removes records of entries that somebody took away, and the indexes of caches that are gone.
func (c *Cache) sweepIndex() error {
	if c.index.err != nil {
		return nil
	}
	kinds, _ := os.ReadDir(c.index.at("entry")) // where nothing can be read nothing is swept
	for _, kind := range kinds {
		keys, err := os.ReadDir(c.index.at("entry", kind.Name()))
		if err != nil {
			return err
		}
		for _, key := range keys {
			name := strings.TrimSuffix(key.Name(), "~")
			if !isKind(kind.Name()) || !isKey(name) || exists(c.entry(kind.Name(), name)) {
				continue
			}
			if err := c.forget(kind.Name(), name, key.Name()); err != nil {
				return err
			}
		}
	}
	return sweepIndexes(filepath.Dir(c.index.dir))
}

// forget removes a record unless its entry is being filled.
func (c *Cache) forget(kind, key, file string) error {
	held, err := tryLock(c.lockPath(kind, key))
	if errors.Is(err, unix.EWOULDBLOCK) {
		return nil
	}
	if err != nil {
		return err
	}
	defer held.Close()
	if exists(c.entry(kind, key)) {
		return nil
	}
	return errors.Join(c.index.remove(kind, file), os.Remove(c.lockPath(kind, key)))
}

// unused is how long the index of a cache stays that cannot be found: it may lie on a disk that is
// not mounted right now.
const unused = 90 * 24 * time.Hour

func sweepIndexes(home string) error {
	all, _ := os.ReadDir(home)
	for _, d := range all {
		path := filepath.Join(home, d.Name(), "path")
		info, err := os.Stat(path)
		if err != nil || time.Since(info.ModTime()) < unused {
			continue
		}
		cache, err := os.ReadFile(path)
		if err != nil || indexName(strings.TrimSuffix(string(cache), "\n")) == d.Name() {
			continue
		}
		if err := os.RemoveAll(filepath.Join(home, d.Name())); err != nil {
			return err
		}
	}
	return nil
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return !errors.Is(err, fs.ErrNotExist)
}
