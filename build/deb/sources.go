package deb

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// fingerprint is a hash of what decides what apt finds: the sources of etc and its
// settings. It reads a dozen small files, so that a warm build need not run apt to
// learn that nothing changed.
func fingerprint(etc, arch string) (string, error) {
	files := []string{filepath.Join(etc, "sources.list"), filepath.Join(etc, "apt.conf")}
	for _, pattern := range []string{"sources.list.d/*.list", "sources.list.d/*.sources", "apt.conf.d/*"} {
		found, err := filepath.Glob(filepath.Join(etc, pattern))
		if err != nil {
			return "", fmt.Errorf("reading apt's sources: %w", err)
		}
		files = append(files, found...)
	}
	slices.Sort(files)
	sum := sha256.New()
	fmt.Fprintf(sum, "arch %s\n", arch)
	for _, file := range files {
		body, err := os.ReadFile(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		// What we may not read apt may not either, and it says so better than we can:
		// here an unreadable file is one without content.
		fmt.Fprintf(sum, "%s %d\n", file, len(body))
		sum.Write(body)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// hashOf is the SHA-256, in hex, of all that r gives, and how many bytes that was.
func hashOf(r io.Reader) (hash string, size int64, err error) {
	sum := sha256.New()
	size, err = io.Copy(sum, r)
	return hex.EncodeToString(sum.Sum(nil)), size, err
}
