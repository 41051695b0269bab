package main

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// account is a row of passwd(5), and the groups that name it.
type account struct {
	name        string
	uid, gid    uint32
	home, shell string
	groups      []uint32
}

var errNoAccount = errors.New("no such account")

// findAccount looks a name up below dir (/etc).
func findAccount(dir, name string) (account, error) {
	passwd, err := os.ReadFile(filepath.Join(dir, "passwd"))
	if err != nil {
		return account{}, fmt.Errorf("reading accounts: %w", err)
	}
	a, ok := parseAccount(string(passwd), name)
	if !ok {
		return account{}, errNoAccount
	}
	// Without a file of groups there are none but the account's own.
	group, _ := os.ReadFile(filepath.Join(dir, "group"))
	a.groups = parseGroups(string(group), name, a.gid)
	return a, nil
}

// rows yields the fields of each line of a colon-separated file that has so many.
func rows(text string, count int) func(func([]string) bool) {
	return func(yield func([]string) bool) {
		for lines := bufio.NewScanner(strings.NewReader(text)); lines.Scan(); {
			if f := strings.Split(lines.Text(), ":"); len(f) == count && f[0] != "" && !yield(f) {
				return
			}
		}
	}
}

func parseAccount(passwd, name string) (account, bool) {
	for f := range rows(passwd, 7) {
		if f[0] != name {
			continue
		}
		// A number that does not parse must not become 0, which is root.
		uid, err1 := strconv.ParseUint(f[2], 10, 31)
		gid, err2 := strconv.ParseUint(f[3], 10, 31)
		if err1 != nil || err2 != nil {
			return account{}, false
		}
		return account{name: name, uid: uint32(uid), gid: uint32(gid), home: cmp.Or(f[5], "/"), shell: cmp.Or(f[6], "/bin/sh")}, true
	}
	return account{}, false
}

// parseGroups returns the numbers of the groups that name the account, and its own, sorted.
func parseGroups(group, name string, own uint32) []uint32 {
	all := []uint32{own}
	for f := range rows(group, 4) {
		gid, err := strconv.ParseUint(f[2], 10, 31)
		if err == nil && slices.Contains(strings.Split(f[3], ","), name) {
			all = append(all, uint32(gid))
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// ttyGroup is the group that terminals belong to (devpts' gid=5 in Debian), where there is one.
func ttyGroup(dir string) (uint32, bool) {
	group, _ := os.ReadFile(filepath.Join(dir, "group"))
	for f := range rows(string(group), 4) {
		if gid, err := strconv.ParseUint(f[2], 10, 31); err == nil && f[0] == "tty" {
			return uint32(gid), true
		}
	}
	return 0, false
}
