package main

import (
	"crypto/ed25519"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"golang.org/x/crypto/ssh"

	"github.com/imgbuild/imgbuild/internal/bounded"
)

// ensureKey reads the host key, or makes one and has it on the disk before anybody learns of it. It
// needs a random pool that is ready: whoever calls it has to see to that. A file that holds
// no key is an error and stays as it is: clients take another key for another machine.
func ensureKey(file string) (ssh.Signer, error) {
	key, err := readKey(file)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	_, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		return nil, fmt.Errorf("making the host key: %w", err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		return nil, fmt.Errorf("making the host key: %w", err)
	}
	if err := writeKey(file, pem.EncodeToMemory(block)); err != nil {
		return nil, fmt.Errorf("writing the host key: %w", err)
	}
	// A file system that keeps no modes, as vfat, shows now.
	if key, err = readKey(file); err != nil {
		return nil, errors.Join(err, bounded.Remove(file))
	}
	return key, nil
}

// keyLimit is in bytes; an RSA key of 16384 bits takes 13 KB.
const keyLimit = 64 << 10

// readKey reads the host key from a file that nobody but root may read.
func readKey(file string) (ssh.Signer, error) {
	text, err := bounded.Secret(file, keyLimit)
	if err != nil {
		return nil, fmt.Errorf("reading the host key: %w", err)
	}
	key, err := ssh.ParsePrivateKey(text)
	if err != nil {
		return nil, fmt.Errorf("reading the host key in %s: %w", file, err)
	}
	if key, err = sound(key); err != nil {
		return nil, fmt.Errorf("the host key in %s: %w", file, err)
	}
	return key, nil
}

// sound has a key sign by nothing that rests on SHA-1, as RSA keys do by default (RFC 8332), and refuses those that can do nothing else.
func sound(key ssh.Signer) (ssh.Signer, error) {
	kind := key.PublicKey().Type()
	if rsa, ok := key.(ssh.AlgorithmSigner); ok && kind == ssh.KeyAlgoRSA {
		return ssh.NewSignerWithAlgorithms(rsa, []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256})
	}
	if !slices.Contains(ssh.SupportedAlgorithms().HostKeys, kind) {
		return nil, fmt.Errorf("%s is no kind that is safe; accepted: ssh-ed25519, ecdsa, rsa", kind)
	}
	return key, nil
}

// writeKey puts the file in place as a whole.
func writeKey(file string, text []byte) error {
	if err := bounded.Make(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	return bounded.Write(file, text, 0o600)
}

// fingerprint is a key as "ssh-keygen -l" shows it: SHA256:…
func fingerprint(key ssh.PublicKey) string { return ssh.FingerprintSHA256(key) }
