package account

import (
	"errors"
	"maps"
	"path/filepath"
	"slices"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// Change is what an account is given in the place of what it has.
type Change struct {
	Name string
	// Hash is a password hash; nil where it stays.
	Hash *spec.PasswordHash
	// Keys are all keys that it has from now on; nil where they stay.
	Keys *[]string
}

// Changes says what makes the accounts of a machine those of another one, sorted by name. Accounts that only was has stay.
func Changes(was, now map[string]spec.User) (list []Change) {
	for _, name := range slices.Sorted(maps.Keys(now)) {
		have, want := was[name], now[name]
		c := Change{Name: name}
		if want.PasswordHash != have.PasswordHash {
			c.Hash = &want.PasswordHash
		}
		if !slices.Equal(want.AuthorizedKeys, have.AuthorizedKeys) {
			c.Keys = &want.AuthorizedKeys
		}
		if c.Hash != nil || c.Keys != nil {
			list = append(list, c)
		}
	}
	return list
}

// Make makes the changes in the system whose root is a directory. One that fails does not keep the others from being made.
func Make(root string, changes []Change) error {
	var failed []error
	for _, c := range changes {
		if c.Hash != nil {
			failed = append(failed, Apply(filepath.Join(root, "etc/shadow"), c.Name, *c.Hash))
		}
		if c.Keys != nil {
			failed = append(failed, SetKeys(root, c.Name, *c.Keys))
		}
	}
	return errors.Join(failed...)
}
