package main

import (
	"crypto/ed25519"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/crypto/ssh"
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
	return ssh.NewSignerFromKey(private)
}

func readKey(file string) (ssh.Signer, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading the host key: %w", err)
	}
	key, err := ssh.ParsePrivateKey(text)
	if err != nil {
		return nil, fmt.Errorf("reading the host key in %s: %w", file, err)
	}
	return key, nil
}

// writeKey puts the file in place as a whole.
func writeKey(file string, text []byte) error {
	dir := filepath.Dir(file)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	temp, err := os.CreateTemp(dir, ".host-key-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name()) // fails after the rename, as it should
	_, err = temp.Write(text)
	if err := errors.Join(err, temp.Sync(), temp.Close()); err != nil {
		return err
	}
	if err := os.Rename(temp.Name(), file); err != nil {
		return err
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// fingerprint is a key as "ssh-keygen -l" shows it: SHA256:…
func fingerprint(key ssh.PublicKey) string { return ssh.FingerprintSHA256(key) }
