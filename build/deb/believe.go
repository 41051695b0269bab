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
)

// What apt believes of its state: the package lists, whose signatures it checks when it fetches
// them and never again, and the file it makes of them. Both lie in the cache; the stamp, outside of
// it, has their hash.
var believed = []string{"state/lists", "cache/pkgcache.bin"}

// believe takes away what of apt's state is not as our last use of apt left it.
func (s *session) believe() error {
	was, _, err := s.stamp()
	if err != nil {
		return err
	}
	s.seen, err = sumOfState(s.dir)
	if err != nil {
		return fmt.Errorf("reading apt's state: %w", err)
	}
	if s.seen == was.State {
		return nil
	}
	if s.haveLists() {
		s.progress.Note("warning: apt's package lists in %s are not what the last build fetched: they are fetched anew", s.dir)
	}
	for _, name := range believed {
		if err := os.RemoveAll(filepath.Join(s.dir, name)); err != nil {
			return fmt.Errorf("clearing apt's state: %w", err)
		}
	}
	s.asked, s.refreshed = false, false // whatever we have fetched is gone
	return s.setStamp(stamp{})
}

// end writes down the state that apt leaves, and lets the next one work with it.
func (s *session) end() error {
	defer s.held.Close()
	now, err := sumOfState(s.dir)
	if err != nil || now == s.seen {
		return err
	}
	is, _, err := s.stamp()
	if err != nil {
		return err
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
