package vmlinux

import (
	"context"
	"io"
	"os"
	"path/filepath"

	"github.com/imgbuild/imgbuild/build/cache"
)

// Name is the file of a cache entry in which the kernel lies.
const Name = "vmlinux"

// Cached is the kernel unpacked, as an entry of the cache; key tells kernels apart. Unpacking takes seconds.
func Cached(ctx context.Context, c *cache.Cache, key string, bzImage *os.File) (*cache.Entry, error) {
	info, err := bzImage.Stat()
	if err != nil {
		return nil, err
	}
	return c.Entry(ctx, "vmlinux", key, func(ctx context.Context, dir string) error {
		b, err := Unpack(ctx, io.NewSectionReader(bzImage, 0, info.Size()))
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(dir, Name), b, 0o644)
	})
}
