package console

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
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
	passwd, err := os.Open(filepath.Join(dir, "passwd"))
	if err != nil {
		return nil, fmt.Errorf("reading accounts: %w", err)
	}
	defer passwd.Close()
	hashes, err := shadow(dir)
	if err != nil {
		return nil, err
	}
	rows, err := parsePasswd(passwd)
	if err != nil {
		return nil, fmt.Errorf("reading accounts: %w", err)
	}
	for name, a := range rows {
		a.hash = hashes[name]
		rows[name] = a
	}
	return rows, nil
}

// shadow reads the password hashes by account; none where there is no such file.
func shadow(dir string) (map[string]string, error) {
	f, err := os.Open(filepath.Join(dir, "shadow"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading password hashes: %w", err)
	}
	defer f.Close()
	rows, err := parseShadow(f)
	if err != nil {
		return nil, fmt.Errorf("reading password hashes: %w", err)
	}
	return rows, nil
}

// fields calls row with the fields of each line of a colon-separated file; of two rows with
// the same name the C library takes the first, and so do the callers.
func fields(r io.Reader, least int, row func([]string)) error {
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		if f := strings.Split(lines.Text(), ":"); len(f) >= least && f[0] != "" {
			row(f)
		}
	}
	return lines.Err()
}

func parsePasswd(r io.Reader) (map[string]account, error) {
	rows := map[string]account{}
	err := fields(r, 7, func(f []string) {
		// A number that does not parse must not become 0, which is root.
		uid, err1 := strconv.ParseUint(f[2], 10, 31)
		gid, err2 := strconv.ParseUint(f[3], 10, 31)
		if _, seen := rows[f[0]]; seen || err1 != nil || err2 != nil {
			return
		}
		rows[f[0]] = account{name: f[0], uid: int(uid), gid: int(gid), home: f[5], shell: f[6]}
	})
	return rows, err
}

func parseShadow(r io.Reader) (map[string]string, error) {
	rows := map[string]string{}
	err := fields(r, 2, func(f []string) {
		if _, seen := rows[f[0]]; !seen {
			rows[f[0]] = f[1]
		}
	})
	return rows, err
}

// group is what a session needs of /etc/group (group(5)).
type groups struct {
	// tty is the group that may write to terminals, -1 where there is none.
	tty int
	// member lists the groups that name the account.
	member []int
}

func parseGroups(r io.Reader, account string) (groups, error) {
	g := groups{tty: -1}
	err := fields(r, 4, func(f []string) {
		gid, err := strconv.ParseUint(f[2], 10, 31)
		if err != nil {
			return
		}
		if f[0] == "tty" {
			g.tty = int(gid)
		}
		for name := range strings.SplitSeq(f[3], ",") {
			if name == account {
				g.member = append(g.member, int(gid))
				break
			}
		}
	})
	return g, err
}
