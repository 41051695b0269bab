// Package passwd reads and writes the files in which a machine has its accounts: passwd(5), group(5) and shadow(5). Of two rows with
// one name the first counts, as for the C library, and where that one makes no sense, none does. What a file that cannot be read
// means, the caller decides. Package os/user would do some of it and make the init 12 kB larger.
package passwd

import (
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/imgbuild/imgbuild/internal/bounded"
)

// limit bounds each of the files, in bytes: a directory service with 50,000 accounts has room.
const limit = 8 << 20

// ErrNone says that a file has no row of a name.
var ErrNone = errors.New("no such account")

// Account is a row of passwd(5); an empty home or shell is as it is written.
type Account struct {
	Name        string
	UID, GID    uint32
	Home, Shell string
}

// Line is the row as the file has it. Its password is in shadow(5).
func (a Account) Line() string {
	return fmt.Sprintf("%s:x:%d:%d::%s:%s\n", a.Name, a.UID, a.GID, a.Home, a.Shell)
}

// Find looks a name up in passwd(5) of a folder, such as /etc. The error is ErrNone where no row has it.
func Find(etc, name string) (Account, error) {
	text, err := read(etc, "passwd")
	if err != nil {
		return Account{}, err
	}
	return find(text, name)
}

func find(text, name string) (Account, error) {
	for f := range rows(text, 7, 7) {
		if f[0] == name {
			return account(f)
		}
	}
	return Account{}, ErrNone
}

// All reads the accounts of a folder, by name.
func All(etc string) (map[string]Account, error) {
	text, err := read(etc, "passwd")
	return all(text), err
}

func all(text string) map[string]Account {
	found, seen := map[string]Account{}, map[string]bool{}
	for f := range rows(text, 7, 7) {
		if a, err := account(f); err == nil && !seen[a.Name] {
			found[a.Name] = a
		}
		seen[f[0]] = true
	}
	return found
}

func account(f []string) (Account, error) {
	uid, err1 := number(f[2])
	gid, err2 := number(f[3])
	if err := errors.Join(err1, err2); err != nil {
		return Account{}, fmt.Errorf("account %s: %w", f[0], err)
	}
	return Account{f[0], uid, gid, f[5], f[6]}, nil
}

// Hashes reads the password hashes of shadow(5), by account.
func Hashes(etc string) (map[string]string, error) {
	text, err := read(etc, "shadow")
	return hashes(text), err
}

func hashes(text string) map[string]string {
	found := map[string]string{}
	for f := range rows(text, 2, 9) {
		if _, seen := found[f[0]]; !seen {
			found[f[0]] = f[1]
		}
	}
	return found
}

func read(etc, name string) (string, error) {
	text, err := bounded.Read(filepath.Join(etc, name), limit)
	return string(text), err
}

// rows yields the fields of each line with so many of them and a name.
func rows(text string, least, most int) func(func([]string) bool) {
	return func(yield func([]string) bool) {
		for line := range strings.Lines(text) {
			f := strings.Split(strings.TrimRight(line, "\r\n"), ":")
			if len(f) >= least && len(f) <= most && f[0] != "" && !yield(f) {
				return
			}
		}
	}
}

// number reads that of an account or group. One that makes no sense must not become 0, which is root; the kernel takes the highest
// for "leave it as it is" (chown(2)).
func number(text string) (uint32, error) {
	n, err := strconv.ParseUint(text, 10, 31)
	return uint32(n), err
}

// FindIn is Find for the text of a passwd(5), such as that of an image.
func FindIn(text, name string) (Account, error) { return find(text, name) }

// NumberIn looks up the first account of a number.
func NumberIn(text string, uid uint32) (Account, error) {
	for f := range rows(text, 7, 7) {
		if a, err := account(f); err == nil && a.UID == uid {
			return a, nil
		}
	}
	return Account{}, ErrNone
}
