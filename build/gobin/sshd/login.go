package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
)

// tries is how many keys or passwords a client may offer in one connection (sshd_config(5), MaxAuthTries).
const tries = 6

func (s *speaker) config(h hello) (*ssh.ServerConfig, error) {
	public, err := ssh.ParsePublicKey(h.HostKey)
	if err != nil {
		return nil, fmt.Errorf("the host key: %w", err)
	}
	known := ssh.SupportedAlgorithms()
	sha1 := func(name string) bool { return strings.Contains(name, "sha1") }
	c := &ssh.ServerConfig{
		ServerVersion: version, MaxAuthTries: tries,
		PublicKeyCallback: s.offered, VerifiedPublicKeyCallback: s.proven,
		// The library's own defaults have algorithms that rest on SHA-1, and of these it still calls one MAC good.
		PublicKeyAuthAlgorithms: known.PublicKeyAuths,
		Config:                  ssh.Config{KeyExchanges: known.KeyExchanges, Ciphers: known.Ciphers, MACs: slices.DeleteFunc(known.MACs, sha1)},
	}
	if h.Passwords {
		c.PasswordCallback = func(conn ssh.ConnMetadata, password []byte) (*ssh.Permissions, error) {
			_, err := s.monitor.mustYes(passwordQuestion{conn.User(), password})
			return nil, err
		}
	}
	c.AddHostKey(hostKey{s.monitor, public, h.Algorithms})
	return c, nil
}

// offered is asked for keys that the client has only offered, too.
func (s *speaker) offered(conn ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
	_, err := s.monitor.mustYes(keyQuestion{conn.User(), key.Marshal()})
	return nil, err
}

// proven is called when the library has found the client's signature good. The monitor believes nothing but the signature itself.
func (s *speaker) proven(conn ssh.ConnMetadata, _ ssh.PublicKey, _ *ssh.Permissions, _ string) (*ssh.Permissions, error) {
	packet, err := keyRequestOf(conn)
	if err == nil {
		_, err = s.monitor.mustYes(proofQuestion{packet})
	}
	return nil, err
}

// hostKey has the monitor sign.
type hostKey struct {
	monitor    *link
	public     ssh.PublicKey
	algorithms []string
}

func (k hostKey) PublicKey() ssh.PublicKey { return k.public }
func (k hostKey) Algorithms() []string     { return k.algorithms }
func (k hostKey) Sign(r io.Reader, data []byte) (*ssh.Signature, error) {
	return k.SignWithAlgorithm(r, data, "")
}

func (k hostKey) SignWithAlgorithm(_ io.Reader, data []byte, algorithm string) (*ssh.Signature, error) {
	a, err := k.monitor.mustYes(signQuestion{algorithm, data})
	if err != nil {
		return nil, err
	}
	var s ssh.Signature
	return &s, ssh.Unmarshal(a.Data, &s)
}

// tried tells those who tried to log in from those who only looked: port scanners, monitors.
func tried(err error) bool {
	var auth *ssh.ServerAuthError
	return errors.As(err, &auth) && slices.ContainsFunc(auth.Errors, func(e error) bool { return !errors.Is(e, ssh.ErrNoAuth) })
}

// reason makes the library's error one line: of several refusals the last one says most.
func reason(err error) error {
	var auth *ssh.ServerAuthError
	if !errors.As(err, &auth) {
		return err
	}
	for i := len(auth.Errors) - 1; i >= 0; i-- {
		if !errors.Is(auth.Errors[i], ssh.ErrNoAuth) {
			return fmt.Errorf("%d refused; the last: %w", i, auth.Errors[i])
		}
	}
	return errors.New("it offered neither key nor password")
}
