package deb

import (
	"bufio"
	"cmp"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/imgbuild/imgbuild/build/cache"
)

// saveIndex writes the entries into the package's cache entry. With their hashes it vouches for the files
// beside it, as the cache's own index does for it.
func saveIndex(dir string, files []Entry) error {
	f, err := os.Create(filepath.Join(dir, "index"))
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	return errors.Join(gob.NewEncoder(w).Encode(files), w.Flush(), f.Close())
}

// loadIndex reads them back. They are gob and not JSON because every build reads
// those of all its packages, and a kernel's has 4,000 entries.
func loadIndex(e *cache.Entry) ([]Entry, error) {
	f, err := e.Open("index")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var files []Entry
	if err := gob.NewDecoder(io.NewSectionReader(f, 0, f.Size())).Decode(&files); err != nil {
		return nil, fmt.Errorf("reading the index of %s: %w", e.Dir, cmp.Or(f.Damage(), err))
	}
	return files, nil
}
