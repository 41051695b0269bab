package share

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"os/user"
	"slices"
	"strconv"

	"github.com/imgbuild/imgbuild/internal/bounded"
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
		cfg := s.NFS[name]
		all = append(all, folder{cfg.Path, cfg.Owner, cfg.Create})
	}
	for _, name := range slices.Sorted(maps.Keys(s.SMB)) {
		cfg := s.SMB[name]
		all = append(all, folder{cfg.Path, cfg.Owner, cfg.Create})
	}
	return all
}

// prepare finds the folder, or makes it where its row says so; one that is there is left as it is. A link on a
// disk would share what it leads to, the system's own files, say.
func (f folder) prepare() error {
	dir, err := bounded.Folder(f.path)
	switch {
	case err == nil:
		return dir.Close()
	case !errors.Is(err, os.ErrNotExist):
		return fmt.Errorf("sharing %s: %w", f.path, err)
	case !f.create:
		return fmt.Errorf("sharing %s: it is not there, and its share does not say create = true", f.path)
	}
	if err := bounded.Make(f.path, 0o755); err != nil {
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
	if dir, err = bounded.Folder(f.path); err != nil {
		return fmt.Errorf("sharing %s: %w", f.path, err)
	}
	return errors.Join(dir.Chown(uid, gid), dir.Close())
}
