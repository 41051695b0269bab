package console

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/imgbuild/imgbuild/internal/passwd"
)

// etcDir is where a machine has its accounts.
const etcDir = "/etc"

// account is a row of /etc/passwd, with the hash from /etc/shadow (passwd(5), shadow(5)).
type account struct {
	name        string
	uid, gid    int
	home, shell string
	hash        string
}

// locked says that no password opens the account: it has none, or a hash that none can match.
func (a account) locked() bool { return a.hash == "" || a.hash[0] == '!' || a.hash[0] == '*' }

// accounts reads the accounts below dir (/etc). A shadow file that is missing
// leaves all accounts locked; one that can't be read is an error.
func accounts(dir string) (map[string]account, error) {
	rows, err := passwd.All(dir)
	if err != nil {
		return nil, fmt.Errorf("reading accounts: %w", err)
	}
	hashes, err := shadow(dir)
	if err != nil {
		return nil, err
	}
	all := map[string]account{}
	for name, a := range rows {
		all[name] = account{name, int(a.UID), int(a.GID), a.Home, a.Shell, hashes[name]}
	}
	return all, nil
}

// shadow reads the password hashes by account; none where there is no such file.
func shadow(dir string) (map[string]string, error) {
	hashes, err := passwd.Hashes(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading password hashes: %w", err)
	}
	return hashes, nil
}
