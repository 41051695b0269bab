package oci

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/imgbuild/imgbuild/build/squashfs"
	"github.com/imgbuild/imgbuild/internal/progress"
)

// fill makes a packed layer in a folder of the cache. below is nil for a layer that is to stand by itself.
func (k Packer) fill(ctx context.Context, dir string, l layer, below *stack, first uint32, shifted bool) (err error) {
	step := progress.Bytes(k.Progress, "unpacking layer "+short(string(l.id)), l.size)
	unpacked := filepath.Join(dir, "tar")
	f, size, err := l.spread(ctx, unpacked, step.Add)
	step.Done(err)
	if err != nil {
		return err
	}
	defer f.Close()
	all, err := judged(f, shifted, 0)
	if err != nil {
		return fmt.Errorf("the layer %s: %w", l.id, err)
	}
	if below == nil && needsLower(all) {
		return errImplied
	}
	if below != nil {
		if err := settle(all, below, first); err != nil {
			return fmt.Errorf("the layer %s: %w", l.id, err)
		}
	}
	if err := k.squash(ctx, filepath.Join(dir, squashFile), l, all, f, first); err != nil {
		return err
	}
	a := about{Unpacked: size}
	if a.SHA256, a.Size, err = hashOf(filepath.Join(dir, squashFile)); err != nil {
		return err
	}
	text, err := json.Marshal(a)
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return errors.Join(os.WriteFile(filepath.Join(dir, aboutFile), text, 0o644), os.Remove(unpacked))
}

// spread unpacks a layer into a new file, which is open then, at its start.
func (l layer) spread(ctx context.Context, path string, read func(int64)) (*os.File, int64, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, 0, err
	}
	var size int64
	if err = l.unpack(ctx, f, most.Layer, read); err == nil {
		if size, err = f.Seek(0, io.SeekCurrent); err == nil {
			_, err = f.Seek(0, io.SeekStart)
		}
	}
	if err != nil {
		f.Close()
		return nil, 0, err
	}
	return f, size, nil
}

// judged are the names of a layer unpacked, as its squashfs has them; see entries for keep.
func judged(r io.Reader, shifted bool, keep int64) ([]entry, error) {
	all, err := entries(r, shifted, most.Entries, keep)
	if err != nil {
		return nil, err
	}
	return arrange(all)
}

// needsLower says whether lower layers decide what is in a layer's squashfs.
func needsLower(all []entry) bool {
	for _, e := range all {
		if e.implied && !e.opaque {
			return true
		}
	}
	return false
}

func (k Packer) squash(ctx context.Context, out string, l layer, all []entry, content io.ReaderAt, first uint32) (err error) {
	step := k.Progress.Step("compressing layer "+short(string(l.id)), 0)
	defer func() { step.Done(err) }()
	return k.With(ctx, func(root string) error {
		c := squashfs.Config{Root: root, Compression: k.Compression, Epoch: k.Epoch}
		return squashfs.MakeFrom(ctx, out, c, func(w *tar.Writer) error { return writeTree(w, all, content, first, k.Epoch) })
	})
}

func hashOf(path string) (sum string, size int64, err error) {
	f, err := os.Open(path)
	if err != nil {
		return "", 0, err
	}
	defer f.Close()
	h := sha256.New()
	size, err = io.Copy(h, f)
	return hex.EncodeToString(h.Sum(nil)), size, err
}

// short is a digest as a person compares them.
func short(digest string) string { return digest[len("sha256:"):][:12] }
