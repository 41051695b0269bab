package deb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/imgbuild/imgbuild/build/cache"
	"github.com/imgbuild/imgbuild/internal/progress"
)

// kindDeb is the cache's kind of downloaded packages; the key is the SHA-256.
const kindDeb = "deb"

// debFile is a package's name in its entry.
const debFile = "package.deb"

// Fetch downloads those packages that the cache lacks, in the very versions given,
// and verifies size and SHA-256. The error is a *GoneError for a version that the
// mirror no longer has, a *HashError where it has other bytes under that version.
func (a *Apt) Fetch(ctx context.Context, pkgs []Package) (err error) {
	missing, err := a.missing(ctx, pkgs)
	if err == nil && a.other != nil {
		missing, err = a.take(ctx, missing)
	}
	if err != nil || len(missing) == 0 {
		return err
	}
	s, err := a.begin(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.end()) }()
	// While we waited another build may have fetched the same.
	if missing, err = a.missing(ctx, missing); err != nil || len(missing) == 0 {
		return err
	}
	if _, err := s.lists(ctx); err != nil {
		return err
	}
	err = s.fetch(ctx, missing)
	if err == nil || ctx.Err() != nil || s.refreshed {
		return err
	}
	// The mirror may have moved on since the lists were made: with new ones the
	// versions may be found elsewhere, and if not we know what is there instead.
	if s.update(ctx) != nil {
		return err
	}
	return s.fetch(ctx, missing)
}

// missing returns the packages whose .deb is not in the cache.
func (a *Apt) missing(ctx context.Context, pkgs []Package) ([]Package, error) {
	var missing []Package
	for _, p := range pkgs {
		// From a lock, which a person may have edited.
		if !isSHA256(p.SHA256) || !nameForm.MatchString(p.String()) || strings.ContainsAny(p.Arch, "/_") || p.Arch == "" {
			return nil, fmt.Errorf("downloading %q: the package is not pinned by name, version, architecture and SHA-256", p.Name)
		}
		_, ok, err := a.deb(ctx, p)
		if err != nil {
			return nil, err
		}
		if !ok {
			missing = append(missing, p)
		}
	}
	return missing, nil
}

// deb returns the cache's entry of the .deb. One that the cache's index does not know is as good as any,
// if its hash is right.
func (a *Apt) deb(ctx context.Context, p Package) (e *cache.Entry, ok bool, err error) {
	return a.cache.Adopt(ctx, kindDeb, p.SHA256, func(e *cache.Entry) error {
		f, err := e.Open(debFile)
		if err != nil {
			return err
		}
		defer f.Close()
		return verify(p, io.NewSectionReader(f, 0, f.Size()), "in the cache")
	})
}

// Entry is Lookup of the cache, for any kind of entry; a package that the index does not know counts where
// its hash is right, as it does in builds.
func (a *Apt) Entry(ctx context.Context, kind, key string) (*cache.Entry, bool, error) {
	if kind == kindDeb {
		return a.deb(ctx, Package{SHA256: key})
	}
	e, ok := a.cache.Lookup(kind, key)
	return e, ok, nil
}

// take copies packages from the other cache, and returns those that are not there.
func (a *Apt) take(ctx context.Context, pkgs []Package) (missing []Package, err error) {
	for _, p := range pkgs {
		_, err := a.cache.Entry(ctx, kindDeb, p.SHA256, func(_ context.Context, dir string) error {
			from, err := a.other.Stream(a.other.Path(kindDeb, p.SHA256, debFile), p.Size, p.SHA256)
			if err != nil {
				return err
			}
			defer from.Close()
			to, err := os.Create(filepath.Join(dir, debFile))
			if err != nil {
				return err
			}
			_, err = io.Copy(to, from)
			return errors.Join(err, to.Close())
		})
		var bad *cache.DamageError
		if errors.As(err, &bad) {
			missing = append(missing, p)
		} else if err != nil {
			return nil, err
		}
	}
	return missing, nil
}

// fetch downloads packages, all of which must be in apt's lists.
func (s *session) fetch(ctx context.Context, pkgs []Package) error {
	if err := s.offered(ctx, pkgs); err != nil {
		return err
	}
	dir := filepath.Join(s.dir, "download")
	if err := errors.Join(os.RemoveAll(dir), os.Mkdir(dir, 0o755)); err != nil {
		return fmt.Errorf("downloading packages: %w", err)
	}
	defer os.RemoveAll(dir)

	args := []string{"apt-get", "-qq", "download", "--"}
	var total int64
	for _, p := range pkgs {
		args = append(args, p.String())
		total += p.Size
	}
	what := fmt.Sprintf("%d packages", len(pkgs))
	if len(pkgs) == 1 {
		what = pkgs[0].Name
	}
	step := s.progress.Step("downloading "+what, total)
	_, err := s.apt(ctx, command{Dir: dir, Status: follow(step, total)}, args...)
	step.Done(err)
	if err != nil {
		return fmt.Errorf("downloading %s: %w", what, err)
	}
	for _, p := range pkgs {
		if err := s.store(ctx, p, filepath.Join(dir, fileName(p))); err != nil {
			return fmt.Errorf("downloading %s: %w", p.Name, err)
		}
	}
	return nil
}

// offered checks that apt's lists have the very packages that are wanted.
func (s *session) offered(ctx context.Context, pkgs []Package) error {
	names := make([]string, len(pkgs))
	for i, p := range pkgs {
		names[i] = p.Name
	}
	all, err := s.show(ctx, false, names...)
	if err != nil {
		return fmt.Errorf("looking for packages to download: %w", err)
	}
	var errs []error
	for _, p := range pkgs {
		record, ok := all.find(p.Name, p.Version)
		if !ok {
			gone := &GoneError{Package: p}
			if candidate, err := s.show(ctx, true, p.Name); err != nil {
				errs = append(errs, err)
			} else if record, ok := candidate.find(p.Name, ""); ok {
				gone.Available = record["version"]
			}
			errs = append(errs, gone)
		} else if record["sha256"] != p.SHA256 {
			errs = append(errs, &HashError{Package: p, SHA256: record["sha256"], Where: "on the mirror"})
		}
	}
	return errors.Join(errs...)
}

// store verifies a downloaded file and moves it into the cache.
func (s *session) store(ctx context.Context, p Package, file string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := verify(p, f, "as downloaded"); err != nil {
		return err
	}
	_, err = s.cache.Entry(ctx, kindDeb, p.SHA256, func(_ context.Context, dir string) error {
		return os.Rename(file, filepath.Join(dir, debFile))
	})
	return err
}

// verify reads a .deb and compares its hash.
func verify(p Package, r io.Reader, where string) error {
	hash, _, err := hashOf(r)
	if err != nil {
		return err
	}
	if hash != p.SHA256 {
		return &HashError{Package: p, SHA256: hash, Where: where}
	}
	return nil
}

// follow counts a download's progress from apt's lines dlstatus:N:PERCENT:TEXT.
func follow(step progress.Step, total int64) func(string) {
	var done int64
	return func(line string) {
		fields := strings.SplitN(line, ":", 4)
		if len(fields) < 3 || fields[0] != "dlstatus" {
			return
		}
		percent, err := strconv.ParseFloat(fields[2], 64)
		if now := int64(percent / 100 * float64(total)); err == nil && now > done && now <= total {
			step.Add(now - done)
			done = now
		}
	}
}
