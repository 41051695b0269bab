package deb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/imgbuild/imgbuild/internal/progress"
)

// kindTree is the cache's kind of unpacked packages. The key is the .deb's SHA-256;
// the number changes with the form of the entry.
const kindTree = "deb-tree-1"

// Unpack returns the package's files, from the cache if they are there. Else it
// unpacks the .deb, after it has verified it: one that is damaged or missing is
// fetched anew.
func (a *Apt) Unpack(ctx context.Context, p Package) (Tree, error) {
	if !isSHA256(p.SHA256) {
		return Tree{}, fmt.Errorf("unpacking %q: the package is not pinned by SHA-256", p.Name)
	}
	for again := false; ; again = true {
		dir, err := a.cache.Entry(ctx, kindTree, p.SHA256, func(ctx context.Context, dir string) error {
			return a.unpack(ctx, p, dir)
		})
		if err != nil {
			return Tree{}, fmt.Errorf("unpacking %s: %w", p.Name, err)
		}
		files, err := loadIndex(dir)
		if err == nil {
			return Tree{Package: p, Dir: dir, Files: files}, nil
		}
		// Damaged in the cache: once more, but not for ever.
		if dropped := a.cache.Drop(kindTree, p.SHA256); again || dropped != nil {
			return Tree{}, fmt.Errorf("unpacking %s: %w", p.Name, errors.Join(err, dropped))
		}
	}
}

// unpack fills a cache entry.
func (a *Apt) unpack(ctx context.Context, p Package, dir string) error {
	deb, err := a.verified(ctx, p)
	if err != nil {
		return err
	}
	f, err := os.Open(deb)
	if err != nil {
		return err
	}
	defer f.Close()
	data, err := dataMember(f, p.Size)
	if err != nil {
		return err
	}
	step := a.progress.Step("unpacking "+p.Name, data.Size)
	files, err := unpackData(ctx, f, data, step, dir)
	step.Done(err)
	if err != nil {
		return err
	}
	return saveIndex(dir, files)
}

func unpackData(ctx context.Context, f io.ReaderAt, data member, step progress.Step, dir string) (_ []Entry, err error) {
	root := filepath.Join(dir, "root")
	if err := os.Mkdir(root, 0o755); err != nil {
		return nil, err
	}
	packed := io.NewSectionReader(counting{f, step}, data.Offset, data.Size)
	r, err := decompress(packed, data.Name)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	files, err := extract(ctx, r, root)
	if err != nil {
		return nil, err
	}
	// What comes after the archive's end mark: only there do the sums of the last
	// block get checked.
	if _, err := io.Copy(io.Discard, r); err != nil {
		return nil, err
	}
	return files, nil
}

// verified returns where the .deb lies once its hash has been found to be right.
func (a *Apt) verified(ctx context.Context, p Package) (string, error) {
	var bad error
	for range 2 {
		if err := a.Fetch(ctx, []Package{p}); err != nil {
			return "", errors.Join(bad, err)
		}
		path, ok := a.deb(p)
		if !ok {
			return "", errors.Join(bad, fmt.Errorf("%s vanished from the cache", fileName(p)))
		}
		if bad = verify(p, path, "in the cache"); bad == nil {
			return path, nil
		}
		a.progress.Note("%v: fetching it again", bad)
		if err := a.cache.Drop(kindDeb, p.SHA256); err != nil {
			return "", errors.Join(bad, err)
		}
	}
	return "", bad
}

// counting reports what is read of a package as it is unpacked.
type counting struct {
	io.ReaderAt
	step progress.Step
}

func (c counting) ReadAt(p []byte, off int64) (int, error) {
	n, err := c.ReaderAt.ReadAt(p, off)
	c.step.Add(int64(n))
	return n, err
}
