package account

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/imgbuild/imgbuild/internal/bounded"
)

// home is where an account lives and whose it is (passwd(5)).
type home struct {
	dir      string
	uid, gid int
}

func findHome(passwd, user string) (home, error) {
	f, err := os.Open(passwd)
	if err != nil {
		return home{}, err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		row := strings.Split(lines.Text(), ":")
		if len(row) != 7 || row[0] != user {
			continue
		}
		uid, err1 := strconv.Atoi(row[2])
		gid, err2 := strconv.Atoi(row[3])
		return home{row[5], uid, gid}, errors.Join(err1, err2)
	}
	return home{}, errors.Join(lines.Err(), ErrNoUser)
}

// SetKeys makes keys all that an account has in its authorized_keys (sshd(8)), in the system
// whose root is a directory.
func SetKeys(root, user string, keys []string) error {
	bad := func(err error) error { return fmt.Errorf("setting the keys of %s: %w", user, err) }
	h, err := findHome(filepath.Join(root, "etc/passwd"), user)
	if err != nil {
		return bad(err)
	}
	folder := filepath.Join(root, h.dir, ".ssh")
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
		return f.Chown(h.uid, h.gid)
	})
	if err == nil {
		err = dir.Chown(h.uid, h.gid)
	}
	if err != nil {
		return bad(err)
	}
	return nil
}
