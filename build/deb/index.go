package deb

import (
	"bufio"
	"encoding/gob"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// saveIndex writes the entries into the package's cache entry.
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
func loadIndex(dir string) ([]Entry, error) {
	f, err := os.Open(filepath.Join(dir, "index"))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var files []Entry
	if err := gob.NewDecoder(bufio.NewReaderSize(f, 64<<10)).Decode(&files); err != nil {
		return nil, fmt.Errorf("reading the index of %s: %w", dir, err)
	}
	return files, nil
}
