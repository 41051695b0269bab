package access

import (
	"errors"
	"path/filepath"
	"slices"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/account"
	"github.com/imgbuild/imgbuild/uinit/graph"
)

// setAccounts gives accounts the passwords and keys that they have now and had not in the image whose root is a directory.
func setAccounts(root string, image, now map[string]spec.User) error {
	var failed []error
	for _, name := range graph.Names(now) {
		was, now := image[name], now[name]
		if now.PasswordHash != was.PasswordHash { // by the owner, who gives a hash
			failed = append(failed, account.Apply(filepath.Join(root, "etc/shadow"), name, now.PasswordHash.Value))
		}
		if !slices.Equal(now.AuthorizedKeys, was.AuthorizedKeys) {
			failed = append(failed, account.SetKeys(root, name, now.AuthorizedKeys))
		}
	}
	return errors.Join(failed...)
}
