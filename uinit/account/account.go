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

// SetHash gives an account another password hash in the text of shadow(5) and returns the new text.
func SetHash(shadow, user string, hash spec.PasswordHash) (string, error) {
	lines := strings.SplitAfter(shadow, "\n")
	for i, line := range lines {
		fields := strings.SplitN(line, ":", 3)
		if len(fields) == 3 && fields[0] == user {
			lines[i] = user + ":" + string(hash) + ":" + fields[2]
			return strings.Join(lines, ""), nil
		}
	}
	return "", fmt.Errorf("setting the password of %s: %w", user, ErrNoUser)
}

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
	text, err := SetHash(string(old), user, hash)
	if err != nil {
		return err
	}
	return bounded.Write(file, []byte(text), 0o600) // whatever the old file's mode
}
