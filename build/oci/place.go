package oci

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"
)

// Place is where a file or folder with images lies on this machine, and which of its images is meant; Name is empty where the
// reference does not say that.
type Place struct{ Path, Name string }

// Find looks for what a reference without a registry names; abs makes its paths those of this machine. A name may have colons,
// and so may a path: of what can be meant, the longest path that is there counts.
func (r Reference) Find(abs func(string) string) (Place, error) {
	for at := len(r.Text); at > 0; at = strings.LastIndexByte(r.Text[:at], ':') {
		path := abs(r.Text[:at])
		_, err := os.Stat(path)
		if err == nil {
			return Place{path, strings.TrimPrefix(r.Text[at:], ":")}, nil
		}
		if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrInvalid) && !notDirectory(err) {
			return Place{}, err
		}
	}
	if full := dockers(r.Text); full != "" {
		return Place{}, fmt.Errorf("there is no file or folder %q; accepted: a path, or %s for the image of a registry", abs(r.Text), full)
	}
	return Place{}, fmt.Errorf("there is no file or folder %q; %s", abs(r.Text), accepted)
}

// notDirectory says that what a path goes through is a file, so that there is nothing there, either.
func notDirectory(err error) bool {
	return errors.Is(err, syscall.ENOTDIR) || errors.Is(err, syscall.ENAMETOOLONG)
}
