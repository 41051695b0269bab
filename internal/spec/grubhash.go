package spec

import (
	"encoding/hex"
	"strconv"
	"strings"
)

// GRUBHash is a password's hash as GRUB's password_pbkdf2 takes it: PBKDF2 (RFC 8018) with HMAC-SHA-512, written
// grub.pbkdf2.sha512.ITERATIONS.SALT.HASH, the last two in hexadecimal digits.
type GRUBHash string

// Bounds of a GRUBHash. grub-mkpasswd-pbkdf2 writes 10000 iterations, and salt and hash of 64 bytes each. An emulated
// or old processor takes a second for some 100,000 iterations.
const (
	leastIterations, mostIterations = 1000, 10_000_000
	leastSalt, leastHash, mostBytes = 8, 16, 256
)

// UnmarshalText accepts what grub-mkpasswd-pbkdf2 prints. The error does not repeat the text: it may be a password.
func (h *GRUBHash) UnmarshalText(b []byte) error {
	const accepted = `grub.pbkdf2.sha512.ITERATIONS.SALT.HASH, as "imgbuild hash --grub" prints it, or "grub-mkpasswd-pbkdf2"`
	rest, ok := strings.CutPrefix(string(b), "grub.pbkdf2.sha512.")
	fields := strings.Split(rest, ".")
	if !ok || len(fields) != 3 {
		return Unaccepted(accepted, "not a password hash of GRUB")
	}
	if n, err := strconv.Atoi(fields[0]); err != nil || n < leastIterations || n > mostIterations || fields[0][0] == '+' {
		return Unaccepted(accepted, "a password hash of GRUB without a number of iterations from %d to %d", leastIterations, mostIterations)
	}
	for i, part := range []struct {
		name  string
		least int
	}{{"salt", leastSalt}, {"hash", leastHash}} {
		if raw, err := hex.DecodeString(fields[i+1]); err != nil || len(raw) < part.least || len(raw) > mostBytes {
			return Unaccepted(accepted, "a password hash of GRUB whose %s is not %d to %d bytes in hexadecimal digits", part.name, part.least, mostBytes)
		}
	}
	*h = GRUBHash(b)
	return nil
}

// Secret marks what is not to be shown: a hash can be tried out.
func (GRUBHash) Secret() {}
