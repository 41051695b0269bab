package cache

import (
	"context"
	"crypto/rand"
	"io"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"
)

// identity is what a cache is called, wherever it is mounted: device and inode numbers change from
// one mount to the next. It only says which index is asked; no byte is believed for it. "" for a
// cache that has none.
func identity(dir string) string {
	f, size, err := openRegular(filepath.Join(dir, "id"))
	if err != nil {
		return ""
	}
	defer f.Close()
	id, err := io.ReadAll(io.LimitReader(f, min(size, 64)))
	if err != nil {
		return ""
	}
	return string(id)
}

// identify gives a cache an identity. One that cannot be written to goes without.
func identify(dir string) error {
	if identity(dir) != "" {
		return nil
	}
	path := filepath.Join(dir, "lock", "state", "id")
	held, err := lock(context.Background(), path, nil)
	if notOurs(err) {
		return nil
	}
	if err != nil {
		return err
	}
	defer held.Close()
	defer os.Remove(path)
	if identity(dir) != "" {
		return nil
	}
	err = renameio.WriteFile(filepath.Join(dir, "id"), []byte(rand.Text()+"\n"), 0o644)
	if notOurs(err) {
		return nil
	}
	return err
}
