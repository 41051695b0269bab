package deb

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// What apt believes of its state: the package lists, whose signatures it checks when it fetches
// them and never again, and the file it makes of them. Both lie in the cache; the stamp, outside of
// it, has their hash.
var believed = []string{"state/lists", "cache/pkgcache.bin"}

// CheckLists tells whether apt's package lists are as the last build left them; those that are not are
// fetched anew by the next build that asks apt. Where there are none it is true.
func (a *Apt) CheckLists(ctx context.Context) (bool, error) {
	held, err := a.cache.Lock(ctx, "apt", func() { a.progress.Note("waiting for another build that uses apt") })
	if err != nil {
		return false, err
	}
	defer held.Close()
	dir, err := a.cache.State("apt")
	if err != nil {
		return false, err
	}
	s := &session{Apt: a, dir: dir, held: held}
	if !s.haveLists() {
		return true, nil
	}
	now, err := sumOfState(dir)
	if err != nil {
		return false, fmt.Errorf("reading apt's state: %w", err)
	}
	return now == s.noted().State, nil
}

// doubted is where, in the state's directory, lists lie that are not believed until others take their place.
const doubted = "doubted"

// believe lays aside what of apt's state is not as our last use of apt left it.
func (s *session) believe() error {
	was := s.noted()
	now, err := sumOfState(s.dir)
	if err == nil && now != was.State && isThere(filepath.Join(s.dir, doubted)) {
		// Whoever laid it aside was killed before there was anything better.
		if err = s.putBack(); err == nil {
			now, err = sumOfState(s.dir)
		}
	}
	if err != nil {
		return fmt.Errorf("reading apt's state: %w", err)
	}
	if now == was.State {
		return nil
	}
	if s.haveLists() {
		s.progress.Note("warning: apt's package lists in %s are not what the last build fetched: they are fetched anew", s.dir)
	}
	if err := s.layAside(); err != nil {
		return fmt.Errorf("clearing apt's state: %w", err)
	}
	s.doubt = true
	s.asked, s.refreshed = false, false // whatever we have fetched is gone
	return nil
}

// layAside moves what is not believed away from apt. It is not deleted yet: who comes with the stamp
// that fits it can use it still, when there is no mirror to ask.
func (s *session) layAside() error {
	aside := filepath.Join(s.dir, doubted)
	if err := os.RemoveAll(aside); err != nil {
		return err
	}
	return s.moveState(s.dir, aside)
}

func (s *session) putBack() error {
	aside := filepath.Join(s.dir, doubted)
	if err := s.moveState(aside, s.dir); err != nil {
		return err
	}
	return os.RemoveAll(aside)
}

// moveState has what is believed lie in to as it lies in from.
func (s *session) moveState(from, to string) error {
	for _, name := range believed {
		if err := errors.Join(os.RemoveAll(filepath.Join(to, name)), os.MkdirAll(filepath.Dir(filepath.Join(to, name)), 0o755)); err != nil {
			return err
		}
		if err := os.Rename(filepath.Join(from, name), filepath.Join(to, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

func isThere(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// end writes down the state that apt leaves, and lets the next one work with it.
func (s *session) end() error {
	defer s.held.Close()
	if s.doubt {
		// No update came to an end: half of one is worth less than what was there.
		return s.putBack()
	}
	if err := os.RemoveAll(filepath.Join(s.dir, doubted)); err != nil {
		return err
	}
	now, err := sumOfState(s.dir)
	if err != nil {
		return err
	}
	is := s.noted()
	if is.State == now {
		return nil
	}
	is.State = now
	return s.setStamp(is)
}

// sumOfState is a hash, in hex, of names and contents.
func sumOfState(dir string) (string, error) {
	sum := sha256.New()
	for _, top := range believed {
		err := filepath.WalkDir(filepath.Join(dir, top), func(path string, d fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err != nil {
				return err
			}
			switch {
			case d.IsDir() && d.Name() == "partial": // apt checks what it goes on with
				return fs.SkipDir
			case d.IsDir():
				return nil
			case !d.Type().IsRegular():
				fmt.Fprintf(sum, "%s %v\n", path, d.Type())
				return nil
			case d.Name() == "lock":
				return nil
			}
			f, err := os.Open(path)
			if err != nil {
				return err
			}
			defer f.Close()
			one := sha256.New()
			n, err := io.Copy(one, f)
			fmt.Fprintf(sum, "%s %d %x\n", path, n, one.Sum(nil))
			return err
		})
		if err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
