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
	"path/filepath"
	"strings"

	"github.com/imgbuild/imgbuild/internal/bounded"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/secret/source"
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

// readKey reads a key from where it is found. load loads a kernel module.
func readKey(from spec.Source, load func(module string) error) (Key, error) {
	text, err := source.Read(from, load)
	if err != nil {
		return Key{}, fmt.Errorf("reading a key: %w", err)
	}
	k, err := ParseKey(text)
	if err != nil {
		return Key{}, fmt.Errorf("reading %s: %w", from.Place(), err)
	}
	return k, nil
}

// PrivateKey reads the private key, or makes its file when ready says that there is randomness for it.
func PrivateKey(ctx context.Context, from spec.Source, load func(module string) error, ready func(context.Context) error) (Key, error) {
	k, err := readKey(from, load)
	if !errors.Is(err, source.ErrMissing) || from.FWCfg != "" {
		return k, err
	}
	path := from.File
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
	if k, err = readKey(from, load); err != nil {
		return Key{}, errors.Join(err, bounded.Remove(path))
	}
	return k, nil
}
