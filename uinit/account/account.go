// Package account changes /etc/shadow.
package account

import (
	"fmt"
	"os"
	"strings"

	"github.com/imgbuild/imgbuild/internal/bounded"
	"github.com/imgbuild/imgbuild/internal/passwd"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// ErrNoUser says that the account does not exist.
var ErrNoUser = passwd.ErrNone

// ParseHash reads a hash as the host hands it over: with a newline or a zero byte after it, maybe.
func ParseHash(raw []byte) (spec.PasswordHash, error) {
	var hash spec.PasswordHash
	err := hash.UnmarshalText([]byte(strings.TrimRight(string(raw), "\r\n\x00 ")))
	return hash, err
}

// Apply sets the hash in a file, which is replaced as a whole and readable by root alone.
func Apply(file, user string, hash spec.PasswordHash) error {
	old, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("reading accounts: %w", err)
	}
	text, err := passwd.SetHash(string(old), user, string(hash))
	if err != nil {
		return err
	}
	return bounded.Write(file, []byte(text), 0o600) // whatever the old file's mode
}
