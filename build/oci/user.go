package oci

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"github.com/imgbuild/imgbuild/internal/passwd"
)

// identity is who an image runs as, by its own numbers.
type identity struct {
	uid, gid uint32
	groups   []uint32
}

// mostAccounts bounds an image's passwd and group, in bytes.
const mostAccounts = 1 << 20

// user finds USER[:GROUP] in the accounts of an image, as docker does: empty is root; a number needs no account, and is in group 0 without
// one; further groups are those that name the account, unless the group is said.
func user(s *stack, text string, highest uint32) (is identity, err error) {
	name, group, said := strings.Cut(text, ":")
	if name == "" {
		name = "0"
	}
	var accounts, groups string
	for file, to := range map[string]*string{"etc/passwd": &accounts, "etc/group": &groups} {
		b, err := s.readFile(file, mostAccounts)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return is, err
		}
		*to = string(b)
	}
	account, err := passwd.FindIn(accounts, name)
	if n, numeric := number(name); numeric && errors.Is(err, passwd.ErrNone) {
		account, err = passwd.NumberIn(accounts, n)
		if errors.Is(err, passwd.ErrNone) {
			account, err = passwd.Account{UID: n}, nil
		}
	}
	if errors.Is(err, passwd.ErrNone) {
		return is, fmt.Errorf("the image has no account %q; accepted: one that its /etc/passwd has, or a number", name)
	}
	if err != nil {
		return is, fmt.Errorf("reading /etc/passwd of the image: %w", err)
	}
	is.uid, is.gid = account.UID, account.GID
	if said {
		if is.gid, err = groupOf(groups, group); err != nil {
			return is, err
		}
	} else if account.Name != "" {
		all, err := passwd.GroupsIn(groups, account)
		if err != nil {
			return is, fmt.Errorf("reading /etc/group of the image: %w", err)
		}
		is.groups = all[1:] // the first is its own
	}
	for _, n := range append([]uint32{is.uid, is.gid}, is.groups...) {
		if n > highest {
			return is, fmt.Errorf("%q has the number %d; accepted: 0 to %d", text, n, highest)
		}
	}
	return is, nil
}

func groupOf(groups, group string) (uint32, error) {
	gid, err := passwd.GroupIn(groups, group)
	if err == nil {
		return gid, nil
	}
	if n, ok := number(group); ok {
		return n, nil
	}
	return 0, fmt.Errorf("the image has no group %q; accepted: one that its /etc/group has, or a number", group)
}

// number reads that of an account; what does not fit in 31 bits is none.
func number(text string) (uint32, bool) {
	n, err := strconv.ParseUint(text, 10, 31)
	return uint32(n), err == nil
}
