package cache

import (
	"errors"
	"fmt"
)

// DamageError says that a file of the cache is not what a build of this user's put there.
type DamageError struct {
	Kind, Key string
	// File is its path in the entry.
	File string
	Err  error
}

func (e *DamageError) Error() string {
	return fmt.Sprintf("the cache's entry %s/%s is damaged: %s: %v", e.Kind, e.Key, e.File, e.Err)
}

func (e *DamageError) Unwrap() error { return e.Err }

// Mend calls do, which uses entries of the cache. Where do comes upon one that is damaged, it is
// named, dropped, and do is called again to make it anew: what do did before must not count. An
// entry that is damaged once more right after it was made is the error.
func (c *Cache) Mend(do func() error) error {
	dropped := map[string]bool{}
	for {
		err := do()
		var bad *DamageError
		if !errors.As(err, &bad) || dropped[bad.Kind+"/"+bad.Key] {
			return err
		}
		dropped[bad.Kind+"/"+bad.Key] = true
		if c.replaced(bad) {
			continue // by another build, under our hands
		}
		c.warn("warning: %v; it is made anew", bad)
		if err := c.Drop(bad.Kind, bad.Key); err != nil {
			return errors.Join(bad, err)
		}
	}
}

// replaced tells whether another entry than the one that we used bears that name by now.
func (c *Cache) replaced(bad *DamageError) bool {
	path := c.entry(bad.Kind, bad.Key)
	c.mu.Lock()
	defer c.mu.Unlock()
	u := c.used[path]
	return u != nil && !isAt(u.dir, path)
}

func (c *Cache) warn(format string, args ...any) {
	if c.Warn != nil {
		c.Warn(format, args...)
	}
}
