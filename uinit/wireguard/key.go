// Package wireguard configures WireGuard interfaces: keys, peers and what became of them. The interfaces themselves,
// with their addresses, are links.
package wireguard

import (
	"context"
	"crypto/ecdh"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/imgbuild/imgbuild/internal/bounded"
)

// Key is a private, public or shared key.
type Key [32]byte

func (k Key) String() string { return base64.StdEncoding.EncodeToString(k[:]) }

// ParseKey reads a key as wg(8) writes it, with or without a newline. The error does not show it.
func ParseKey(text string) (k Key, err error) {
	raw, err := base64.StdEncoding.Strict().DecodeString(strings.TrimSpace(text))
	if err != nil || len(raw) != len(k) {
		return k, errors.New("not a key: 32 octets in base64 are expected")
	}
	return Key(raw), nil
}

// Public is the public key of a private one.
func (k Key) Public() (Key, error) {
	private, err := ecdh.X25519().NewPrivateKey(k[:])
	if err != nil {
		return Key{}, err
	}
	return Key(private.PublicKey().Bytes()), nil
}

// keyLimit is more than a key and what editors put around it take, in bytes.
const keyLimit = 256

// ReadKey reads a key from a file that nobody but root may read; see bounded.Secret.
func ReadKey(path string) (Key, error) {
	text, err := bounded.Secret(path, keyLimit)
	if err != nil {
		return Key{}, fmt.Errorf("reading a key: %w", err)
	}
	k, err := ParseKey(string(text))
	if err != nil {
		return Key{}, fmt.Errorf("reading %s: %w", path, err)
	}
	return k, nil
}

// PrivateKey reads the private key, or makes it when ready says that there is randomness for it.
func PrivateKey(ctx context.Context, path string, ready func(context.Context) error) (Key, error) {
	k, err := ReadKey(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return k, err
	}
	if err := ready(ctx); err != nil {
		return Key{}, fmt.Errorf("making %s: %w", path, err)
	}
	_, _ = rand.Read(k[:]) // never fails
	// As X25519 wants it (RFC 7748, section 5); the kernel would do the same, and show another key than the file's.
	k[0] &= 248
	k[31] = k[31]&127 | 64
	if err := bounded.Make(filepath.Dir(path), 0o700); err != nil {
		return Key{}, fmt.Errorf("keeping a key: %w", err)
	}
	if err := bounded.Write(path, []byte(k.String()+"\n"), 0o600); err != nil {
		return Key{}, fmt.Errorf("keeping a key: %w", err)
	}
	// A file system that keeps no modes, as vfat, shows now, not when the box starts the next time.
	if k, err = ReadKey(path); err != nil {
		return Key{}, errors.Join(err, bounded.Remove(path))
	}
	return k, nil
}
