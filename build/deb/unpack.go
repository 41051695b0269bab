package deb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/sync/errgroup"

	"github.com/imgbuild/imgbuild/internal/progress"
)

// kindTree is the cache's kind of unpacked packages. The key is the .deb's SHA-256;
// the number changes with the form of the entry.
const kindTree = "deb-tree-1"

// The two archives of a package (deb(5)).
const (
	dataTar    = "data.tar"
	controlTar = "control.tar"
)

// Unpack returns the package's files, from the cache if they are there. Else it
// unpacks the .deb, of which it reads nothing but what was verified: one that is damaged or
// missing is fetched anew.
func (a *Apt) Unpack(ctx context.Context, p Package) (Tree, error) {
	if !isSHA256(p.SHA256) {
		return Tree{}, fmt.Errorf("unpacking %q: the package is not pinned by SHA-256", p.Name)
	}
	t := Tree{Package: p}
	err := a.cache.Mend(func() error {
		e, err := a.cache.Entry(ctx, kindTree, p.SHA256, func(ctx context.Context, dir string) error {
			return a.unpack(ctx, p, dir)
		})
		if err != nil {
			return err
		}
		t.Dir = e.Dir
		t.Files, err = loadIndex(e)
		return err
	})
	if err != nil {
		return Tree{}, fmt.Errorf("unpacking %s: %w", p.Name, err)
	}
	return t, nil
}

// UnpackAll unpacks packages side by side; those in the cache cost nothing.
func (a *Apt) UnpackAll(ctx context.Context, packages []Package) ([]Tree, error) {
	trees := make([]Tree, len(packages))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(2)
	for i, p := range packages {
		g.Go(func() (err error) {
			trees[i], err = a.Unpack(ctx, p)
			return err
		})
	}
	return trees, g.Wait()
}

// unpack fills a cache entry.
func (a *Apt) unpack(ctx context.Context, p Package, dir string) error {
	if err := a.Fetch(ctx, []Package{p}); err != nil {
		return err
	}
	e, ok, err := a.deb(ctx, p)
	if err != nil {
		return err
	}
	if !ok {
		return fmt.Errorf("%s vanished from the cache", fileName(p))
	}
	f, err := e.Open(debFile)
	if err != nil {
		return err
	}
	defer f.Close()
	data, err := findMember(f, p.Size, dataTar)
	if err != nil {
		return errors.Join(err, f.Damage())
	}
	step := a.progress.Step("unpacking "+p.Name, data.Size)
	files, err := unpackData(ctx, f, data, step, dir)
	step.Done(err)
	if err != nil {
		return errors.Join(err, f.Damage())
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
