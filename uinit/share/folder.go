package share

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"os/user"
	"slices"
	"strconv"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// folder is what a share shares.
type folder struct {
	path, owner string
	create      bool
}

// folders in the order of their rows' names.
func folders(s spec.Share) []folder {
	var all []folder
	for _, name := range slices.Sorted(maps.Keys(s.NFS)) {
		row := s.NFS[name]
		all = append(all, folder{row.Path, row.Owner, row.Create})
	}
	for _, name := range slices.Sorted(maps.Keys(s.SMB)) {
		row := s.SMB[name]
		all = append(all, folder{row.Path, row.Owner, row.Create})
	}
	return all
}

// prepare finds the folder, or makes it where its row says so; one that is there is left as it is.
func (f folder) prepare() error {
	info, err := os.Stat(f.path)
	switch {
	case err == nil && !info.IsDir():
		return fmt.Errorf("sharing %s: it is not a folder", f.path)
	case err == nil:
		return nil
	case !errors.Is(err, os.ErrNotExist):
		return fmt.Errorf("sharing %s: %w", f.path, err)
	case !f.create:
		return fmt.Errorf("sharing %s: it is not there, and its share does not say create = true", f.path)
	}
	if err := os.MkdirAll(f.path, 0o755); err != nil {
		return fmt.Errorf("sharing %s: %w", f.path, err)
	}
	if f.owner == "" || f.owner == "root" {
		return nil
	}
	u, err := user.Lookup(f.owner)
	if err != nil {
		return fmt.Errorf("sharing %s: %w", f.path, err)
	}
	uid, err1 := strconv.Atoi(u.Uid)
	gid, err2 := strconv.Atoi(u.Gid)
	if err := errors.Join(err1, err2); err != nil {
		return fmt.Errorf("sharing %s: account %s: %w", f.path, f.owner, err)
	}
	return os.Chown(f.path, uid, gid)
}
