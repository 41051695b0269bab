package supervise

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// etcDir is where a machine has its accounts.
const etcDir = "/etc"

// lookUp finds an account in the files passwd(5) and group(5) of a folder: whom a program is to be, and its home. Package os/user
// would do it, too, and make the init 12 kB larger.
func lookUp(etc, name string) (*syscall.Credential, string, error) {
	passwd, err := os.ReadFile(etc + "/passwd")
	if err != nil {
		return nil, "", err
	}
	group, err := os.ReadFile(etc + "/group")
	if err != nil {
		return nil, "", err
	}
	for line := range strings.Lines(string(passwd)) {
		f := strings.Split(strings.TrimSpace(line), ":")
		if len(f) != 7 || f[0] != name {
			continue
		}
		uid, gid, err := numbers(f[2], f[3])
		if err != nil {
			return nil, "", err
		}
		groups, err := groupsOf(string(group), name, gid)
		return &syscall.Credential{Uid: uid, Gid: gid, Groups: groups}, f[5], err
	}
	return nil, "", fmt.Errorf("%s/passwd has no such account", etc)
}

// numbers are those of an account and its group. One that does not parse must not become 0, which is root.
func numbers(user, group string) (uid, gid uint32, err error) {
	u, err := strconv.ParseUint(user, 10, 31)
	if err != nil {
		return 0, 0, err
	}
	g, err := strconv.ParseUint(group, 10, 31)
	return uint32(u), uint32(g), err
}

// groupsOf are the groups of an account: its own one, then those that name it.
func groupsOf(text, name string, own uint32) ([]uint32, error) {
	groups := []uint32{own}
	for line := range strings.Lines(text) {
		f := strings.Split(strings.TrimSpace(line), ":")
		if len(f) != 4 || !slices.Contains(strings.Split(f[3], ","), name) {
			continue
		}
		_, gid, err := numbers("0", f[2])
		if err != nil {
			return nil, fmt.Errorf("group %s: %w", f[0], err)
		}
		if gid != own {
			groups = append(groups, gid)
		}
	}
	return groups, nil
}
