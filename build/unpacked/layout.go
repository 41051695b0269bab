package unpacked

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/imgbuild/imgbuild/build/deb"
	"github.com/imgbuild/imgbuild/internal/scratch"
)

// With lays out packages as on a system, as far as wanted files need them, and calls use with the
// folder, which is gone afterwards. wants are paths and patterns as deb.Closure takes them.
func With(ctx context.Context, apt *deb.Apt, packages []deb.Package, wants []string, use func(root string) error) (err error) {
	if err := apt.Fetch(ctx, packages); err != nil {
		return err
	}
	trees, err := apt.UnpackAll(ctx, packages)
	if err != nil {
		return err
	}
	picks, err := deb.Closure(trees, wants)
	if err != nil {
		return fmt.Errorf("finding %s in its packages: %w", filepath.Base(wants[0]), err)
	}
	root, err := scratch.New("")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, root.Remove()) }()
	if err := layOut(root.Path, picks, apt.Open); err != nil {
		return fmt.Errorf("laying out packages: %w", err)
	}
	return use(root.Path)
}

// layOut copies picked files to where they would lie on a system. They are copies, which nobody
// else writes to: programs among them are run.
func layOut(root string, picks []deb.Pick, open func(deb.Pick) (io.ReadCloser, error)) error {
	for _, name := range []string{"bin", "sbin", "lib", "lib64"} {
		if err := os.Symlink("usr/"+name, filepath.Join(root, name)); err != nil {
			return err
		}
	}
	for _, p := range picks {
		if p.Entry.Mode.IsDir() {
			continue
		}
		at := filepath.Join(root, p.Path)
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			return err
		}
		if p.Host != "" {
			if err := copyTo(at, p, open); err != nil {
				return fmt.Errorf("copying %s: %w", p.Path, err)
			}
			continue
		}
		target := p.Entry.Link
		if filepath.IsAbs(target) {
			target = filepath.Join(root, target)
		}
		if err := os.Symlink(target, at); err != nil {
			return err
		}
	}
	return nil
}

// copyTo copies a picked file to a new one.
func copyTo(path string, p deb.Pick, open func(deb.Pick) (io.ReadCloser, error)) error {
	from, err := open(p)
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644|p.Entry.Mode.Perm()&0o111)
	if err != nil {
		return err
	}
	defer to.Close()
	if _, err := io.Copy(to, from); err != nil {
		return err
	}
	return to.Close()
}
