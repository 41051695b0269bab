package deb

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/imgbuild/imgbuild/internal/suggest"
)

// resolution is an answer of apt's, kept in the cache.
type resolution struct {
	Made     time.Time
	Packages []Package
}

// kindResolution is the cache's kind of resolutions.
const kindResolution = "resolve"

// Resolve returns the named packages with all that they depend on, sorted by name;
// recommended packages are left out, and so is what only maintainer scripts use. A
// name may carry a version: mdadm=4.2-5. What apt answered is good for MaxAge; while
// it is, and the sources in /etc/apt are the same, Resolve runs nothing. Without
// network older answers and lists serve, with a note. The error is a
// *NoPackageError for a name that no source has.
func (a *Apt) Resolve(ctx context.Context, names []string) ([]Package, error) {
	names = slices.Compact(slices.Sorted(slices.Values(names)))
	for _, name := range names {
		if !nameForm.MatchString(name) {
			return nil, fmt.Errorf("resolving packages: %q is not the name of a package", name)
		}
	}
	if len(names) == 0 {
		return nil, nil
	}
	return a.remember(ctx, "install "+strings.Join(names, " "), func(s *session) ([]Package, error) {
		return s.closure(ctx, names)
	})
}

// nameForm is Debian policy §5.6.7, with =VERSION or not. apt-get would take a name
// that ends in a hyphen for one to remove.
var nameForm = regexp.MustCompile(`^[a-z0-9]([a-z0-9+.-]*[a-z0-9+.])?(=[A-Za-z0-9.+:~-]+)?$`)

// remember returns the answer to a question from the cache while it is fresh, else by
// asking. An old answer does where the mirror cannot be reached.
func (a *Apt) remember(ctx context.Context, question string, ask func(*session) ([]Package, error)) (found []Package, err error) {
	_, sources, err := a.stamp()
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256([]byte("1\n" + sources + "\n" + question)) // 1: the form of resolution
	key := hex.EncodeToString(sum[:])
	if old, known := a.recall(key); known && !a.Refresh && a.current(old) {
		return old.Packages, nil
	}
	s, err := a.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.end()) }()
	// While we waited another build may have asked the same.
	old, known := a.recall(key)
	if known && !a.Refresh && a.current(old) {
		return old.Packages, nil
	}
	current, err := s.lists(ctx)
	if err != nil && known && ctx.Err() == nil {
		s.progress.Note("using what apt found on %s: %v", old.Made.Local().Format("2006-01-02 15:04"), err)
		return old.Packages, nil
	}
	if err != nil {
		return nil, err
	}
	if !current && known {
		return old.Packages, nil
	}
	pkgs, err := ask(s)
	if err != nil || !current {
		return pkgs, err // what old lists say is not worth keeping
	}
	return pkgs, a.keep(ctx, key, resolution{a.now(), pkgs})
}

// fresh tells whether what was learnt then is good still. The future is as near as
// the past: clocks get set back.
func (a *Apt) fresh(then time.Time) bool { return a.now().Sub(then).Abs() < a.MaxAge }

// current tells whether an answer is fresh and from the lists that we have now: who
// learnt from new lists that a version is gone does not want to hear of it again.
func (a *Apt) current(r resolution) bool {
	return a.fresh(r.Made) && !r.Made.Before(a.noted().Updated)
}

func (a *Apt) recall(key string) (r resolution, ok bool) {
	err := a.cache.Mend(func() error {
		e, there := a.cache.Lookup(kindResolution, key)
		if !there {
			return nil
		}
		text, err := e.Read("packages.json")
		ok = err == nil && json.Unmarshal(text, &r) == nil
		return err
	})
	return r, ok && err == nil
}

func (a *Apt) keep(ctx context.Context, key string, r resolution) error {
	if err := a.cache.Drop(kindResolution, key); err != nil {
		return err
	}
	_, err := a.cache.Entry(ctx, kindResolution, key, func(_ context.Context, dir string) error {
		text, err := json.MarshalIndent(r, "", "\t")
		if err != nil {
			panic("BUG: " + err.Error())
		}
		return os.WriteFile(filepath.Join(dir, "packages.json"), text, 0o644)
	})
	if err != nil {
		return fmt.Errorf("keeping what apt resolved: %w", err)
	}
	return nil
}

// closure asks apt what installing names on an empty system would download.
func (s *session) closure(ctx context.Context, names []string) ([]Package, error) {
	out, err := s.apt(ctx, command{}, append([]string{"apt-get", "-qq", "--print-uris", "-y", "install", "--"}, names...)...)
	if err != nil {
		return nil, fmt.Errorf("resolving packages %s: %w", strings.Join(names, ", "), s.explain(ctx, names, err))
	}
	pkgs, err := parseURIs(out)
	if err != nil {
		return nil, fmt.Errorf("resolving packages: %w", err)
	}
	slices.SortFunc(pkgs, func(a, b Package) int { return strings.Compare(a.Name, b.Name) })
	// A name with a dot that no package bears is a regular expression to apt-get.
	for _, name := range names {
		name, _, _ = strings.Cut(name, "=")
		if !slices.ContainsFunc(pkgs, func(p Package) bool { return p.Name == name }) {
			if err := s.explain(ctx, []string{name}, nil); err != nil {
				return nil, fmt.Errorf("resolving packages: %w", err)
			}
		}
	}
	return pkgs, nil
}

// explain returns a *NoPackageError for each of names that no source has, or else
// err.
func (s *session) explain(ctx context.Context, names []string, err error) error {
	out, failed := s.apt(ctx, command{}, "apt-cache", "pkgnames")
	if failed != nil || ctx.Err() != nil {
		return errors.Join(err, failed)
	}
	known := strings.Fields(string(out))
	var missing []error
	for _, name := range names {
		name, _, _ = strings.Cut(name, "=")
		if !slices.Contains(known, name) {
			missing = append(missing, &NoPackageError{Name: name, Suggest: suggest.Near(name, known)})
		}
	}
	if len(missing) > 0 {
		return errors.Join(missing...)
	}
	return err
}
