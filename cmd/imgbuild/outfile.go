package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// writable finds out, before any long work, whether a file that a flag names can be written
// at its end: files are replaced by renaming, and so it is their directory that counts. What is no plain file stays: a device or a
// pipe would be gone, /dev/null for one, with a file in its place.
func writable(flag, path string) error {
	if path == "" {
		return nil
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		what := "not a plain file"
		if info.IsDir() {
			what = "a directory"
		}
		return fmt.Errorf("--%s %s: it is %s; accepted: a file", flag, path, what)
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".imgbuild-")
	if err != nil {
		var at *os.PathError
		if errors.As(err, &at) { // the name that was made up says nothing to anybody
			err = fmt.Errorf("writing into %s: %w", filepath.Dir(path), at.Err)
		}
		return fmt.Errorf("--%s %s: %w", flag, path, err)
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}
