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

	"github.com/google/renameio/v2"
	"golang.org/x/sys/unix"
)

// The index says what a cache's entries hold. It lies outside of the cache, in the user's state
// directory, and is this user's alone: a cache that is shared, was restored from somewhere or has
// rotted is believed only where the index names its bytes.
//
//	imgbuild/cache/CACHE/path         where the cache lies; CACHE is a hash of that
//	imgbuild/cache/CACHE/entry/KIND/  records, one for each entry
//	imgbuild/cache/CACHE/note/        see Notes
type index struct{ dir string }

// stateHome is where the user's indexes lie
// (https://specifications.freedesktop.org/basedir-spec).
func stateHome() (string, error) {
	base := os.Getenv("XDG_STATE_HOME")
	if base == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", err
		}
		base = filepath.Join(home, ".local", "state")
	}
	if !filepath.IsAbs(base) {
		return "", fmt.Errorf("XDG_STATE_HOME is %q; accepted: an absolute path", base)
	}
	return filepath.Join(base, "imgbuild", "cache"), nil
}

// openIndex returns the index of the cache in dir, made if need be. home is where indexes lie, ""
// for the user's place.
func openIndex(home, dir string) (index, error) {
	var err error
	if home == "" {
		if home, err = stateHome(); err != nil {
			return index{}, err
		}
	}
	sum := sha256.Sum256([]byte(dir))
	x := index{filepath.Join(home, hex.EncodeToString(sum[:8]))}
	for _, sub := range []string{"entry", "note"} {
		if err := os.MkdirAll(filepath.Join(x.dir, sub), 0o700); err != nil {
			return index{}, err
		}
	}
	// For sweeping; where nothing can be written nothing is swept either.
	if _, err := os.Lstat(x.at("path")); errors.Is(err, fs.ErrNotExist) {
		return x, renameio.WriteFile(x.at("path"), []byte(dir+"\n"), 0o600)
	}
	return x, nil
}

func (x index) at(parts ...string) string { return filepath.Join(append([]string{x.dir}, parts...)...) }

// load returns the record of an entry; there is none of one that this user did not make.
func (x index) load(kind, key string) (record, bool) {
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
	if err := os.MkdirAll(x.at("entry", kind), 0o700); err != nil {
		return err
	}
	return replace(x.at("entry", kind, key), text)
}

func (x index) remove(kind, key string) error {
	if err := os.Remove(x.at("entry", kind, key)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// replace writes a record by renaming. What a killed writer left bears the same name and is written over.
func replace(path string, text []byte) error {
	next := path + "~"
	if err := os.WriteFile(next, text, 0o600); err != nil {
		return err
	}
	return os.Rename(next, path)
}

// sweepIndex removes records of entries that somebody took away, and the indexes of caches that are gone.
func (c *Cache) sweepIndex() error {
	kinds, err := os.ReadDir(c.index.at("entry"))
	if err != nil {
		return err
	}
	for _, kind := range kinds {
		keys, err := os.ReadDir(c.index.at("entry", kind.Name()))
		if err != nil {
			return err
		}
		for _, key := range keys {
			name := strings.TrimSuffix(key.Name(), "~")
			if !kindForm.MatchString(kind.Name()) || !keyForm.MatchString(name) || exists(c.entry(kind.Name(), name)) {
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

func sweepIndexes(home string) error {
	all, err := os.ReadDir(home)
	if err != nil {
		return err
	}
	for _, d := range all {
		cache, err := os.ReadFile(filepath.Join(home, d.Name(), "path"))
		if err != nil || exists(strings.TrimSuffix(string(cache), "\n")) {
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
