package cache

import (
	"errors"
	"path/filepath"
	"strings"
)

// OpenPath opens a file of an entry by its path below the entry's Dir. The error is a *DamageError where that is not what was put there, or
// where there is no such entry any more.
func (c *Cache) OpenPath(path string) (*File, error) {
	rel, err := filepath.Rel(filepath.Join(c.dir, "entry"), path)
	parts := strings.Split(rel, string(filepath.Separator))
	if err != nil || len(parts) != 3 || !isKind(parts[0]) || !isKey(parts[1]) {
		return nil, c.blame(path, errors.New("it is no file of the cache"))
	}
	e, ok := c.Lookup(parts[0], parts[1])
	if !ok {
		return nil, c.blame(path, errMissing)
	}
	return e.Open(parts[2])
}
