package account

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/imgbuild/imgbuild/internal/bounded"
	"github.com/imgbuild/imgbuild/internal/passwd"
)

// SetKeys makes keys all that an account has in its authorized_keys (sshd(8)), in the system
// whose root is a directory.
func SetKeys(root, user string, keys []string) error {
	bad := func(err error) error { return fmt.Errorf("setting the keys of %s: %w", user, err) }
	a, err := passwd.Find(filepath.Join(root, "etc"), user)
	if err != nil {
		return bad(err)
	}
	folder := filepath.Join(root, a.Home, ".ssh")
	// The account itself may have left anything below its home.
	if err := bounded.Make(folder, 0o700); err != nil {
		return bad(err)
	}
	dir, err := bounded.Folder(folder)
	if err != nil {
		return bad(err)
	}
	defer dir.Close()
	err = bounded.Fill(filepath.Join(folder, "authorized_keys"), 0o600, func(f *os.File) error {
		for _, k := range keys {
			if _, err := f.WriteString(k + "\n"); err != nil {
				return err
			}
		}
		return f.Chown(int(a.UID), int(a.GID))
	})
	if err == nil {
		err = dir.Chown(int(a.UID), int(a.GID))
	}
	if err != nil {
		return bad(err)
	}
	return nil
}
