package cache

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Item is an entry as List sees it.
type Item struct {
	Kind string `json:"kind"`
	Key  string `json:"key"`
	// Size is the disk space it takes, in bytes.
	Size int64 `json:"size"`
	// Used is when it was last asked for.
	Used time.Time `json:"used"`
}

// List returns all entries, least recently used first.
func (c *Cache) List() ([]Item, error) {
	kinds, err := os.ReadDir(filepath.Join(c.dir, "entry"))
	if err != nil {
		return nil, fmt.Errorf("listing the cache: %w", err)
	}
	items := []Item{}
	for _, kind := range kinds {
		keys, err := os.ReadDir(filepath.Join(c.dir, "entry", kind.Name()))
		if err != nil {
			return nil, fmt.Errorf("listing the cache: %w", err)
		}
		for _, key := range keys {
			if !isKind(kind.Name()) || !isKey(key.Name()) {
				continue // not ours
			}
			item, err := c.item(kind.Name(), key.Name())
			if errors.Is(err, fs.ErrNotExist) {
				continue // removed while we looked
			}
			if err != nil {
				return nil, fmt.Errorf("listing the cache: %w", err)
			}
			items = append(items, item)
		}
	}
	slices.SortFunc(items, func(a, b Item) int {
		if n := a.Used.Compare(b.Used); n != 0 {
			return n
		}
		return strings.Compare(a.Kind+"/"+a.Key, b.Kind+"/"+b.Key)
	})
	return items, nil
}

func (c *Cache) item(kind, key string) (Item, error) {
	path := c.entry(kind, key)
	info, err := os.Stat(path)
	if err != nil {
		return Item{}, err
	}
	item := Item{Kind: kind, Key: key, Used: info.ModTime()}
	text, err := os.ReadFile(c.lockPath(kind, key))
	if err == nil {
		item.Size, err = strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	}
	if err != nil {
		item.Size, err = allocated(path)
	}
	return item, err
}

// allocated is the disk space that a directory's files take, in bytes. A file with
// two names counts once.
func allocated(dir string) (int64, error) {
	var total int64
	seen := map[uint64]bool{}
	err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		st, ok := info.Sys().(*syscall.Stat_t)
		if !ok {
			panic("BUG: no stat(2) below os.FileInfo")
		}
		if st.Nlink > 1 && !d.IsDir() {
			if seen[st.Ino] {
				return nil
			}
			seen[st.Ino] = true
		}
		total += st.Blocks * 512 // stat(2) counts sectors whatever the block size
		return nil
	})
	return total, err
}
