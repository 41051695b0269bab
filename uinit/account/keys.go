package account

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
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
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return bad(err)
	}
	text := ""
	for _, k := range keys {
		text += k + "\n"
	}
	file := filepath.Join(folder, "authorized_keys")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return bad(err)
	}
	for _, path := range []string{folder, file} {
		if err := os.Chown(path, h.uid, h.gid); err != nil {
			return bad(err)
		}
	}
	return nil
}
