package main

import (
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"math/big"
	"os"
	"testing"

	"golang.org/x/crypto/ssh"
)

// Of keys counts what the account's file says, for the address that the client has, and none that can be broken.
func TestCheckKey(t *testing.T) {
	etc, home := t.TempDir(), t.TempDir()
	strong := func(bits uint) ssh.PublicKey {
		key, err := ssh.NewPublicKey(&rsa.PublicKey{N: new(big.Int).Add(new(big.Int).Lsh(big.NewInt(1), bits-1), big.NewInt(1)), E: 65537})
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	good, line := testKey(t, 1)
	other, from := testKey(t, 2)
	weak := string(ssh.MarshalAuthorizedKey(strong(2047)))
	keys := line + "\nfrom=\"192.0.2.1\",no-pty " + from + "\n" + weak + string(ssh.MarshalAuthorizedKey(strong(2048)))
	err := errors.Join(os.Chmod(home, 0o755), os.Mkdir(home+"/.ssh", 0o700), os.WriteFile(home+"/.ssh/authorized_keys", []byte(keys), 0o600),
		os.WriteFile(etc+"/passwd", fmt.Appendf(nil, "me:x:%d:%d::%s:/bin/sh\nben:x:70001:70001::%s:/bin/sh\nnone:x:0:0::/none:/bin/sh\n", os.Getuid(), os.Getgid(), home, home), 0o600),
		os.WriteFile(etc+"/group", []byte("staff:x:50:me\n"), 0o600))
	if err != nil {
		t.Fatal(err)
	}
	s := &server{etc: etc}
	third, _ := testKey(t, 3)
	for name, tt := range map[string]struct {
		who   string
		key   ssh.PublicKey
		in    bool
		noPTY bool
	}{
		"a key": {"me", good, true, false}, "one for this address": {"me", other, true, true}, "a stranger's": {"me", third, false, false}, "of nobody": {"nobody-such", good, false, false}, "without a home": {"none", good, false, false},
		"a weak one": {"me", strong(2047), false, false}, "a strong one": {"me", strong(2048), true, false},
	} {
		e, err := s.checkKey(tt.who, visitor, tt.key)
		if (err == nil) != tt.in {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil {
			if e.account.name != "me" || e.by != "key "+ssh.FingerprintSHA256(tt.key) || e.allow.noPTY != tt.noPTY || len(e.account.groups) == 0 {
				t.Errorf("%s: enters as %+v", name, e)
			}
		}
	}
	if os.Getuid() == 0 { // the folders are root's and closed to all others, which is no fault of theirs
		if _, err := s.checkKey("ben", visitor, good); err != nil {
			t.Errorf("root's files: %v", err)
		}
		if err := os.Chown(home+"/.ssh", 70002, 70002); err != nil {
			t.Fatal(err)
		}
		if _, err := s.checkKey("ben", visitor, good); err == nil {
			t.Error("a folder of somebody else's counts")
		}
	}
}

// Who tried and failed is told from who only looked; the last refusal is the one that is told.
func TestJudge(t *testing.T) {
	one, two := errors.New("one"), errors.New("two")
	for _, tt := range []struct {
		err     error
		verdict verdict
		says    string
	}{
		{nil, loggedIn, "<nil>"}, {io.EOF, looked, "EOF"}, {&ssh.ServerAuthError{Errors: []error{ssh.ErrNoAuth}}, looked, "it offered neither key nor password"}, {&ssh.ServerAuthError{}, looked, "it offered neither key nor password"},
		{&ssh.ServerAuthError{Errors: []error{ssh.ErrNoAuth, one, two}}, refused, "2 refused; the last: two"}, {&ssh.ServerAuthError{Errors: []error{ssh.ErrNoAuth, one, ssh.ErrNoAuth}}, refused, "1 refused; the last: one"},
		{&ssh.ServerAuthError{Errors: []error{one}}, refused, "0 refused; the last: one"},
	} {
		m := monitor{left: farewell{Tried: tried(tt.err)}}
		if got := m.verdict(tt.err); got != tt.verdict {
			t.Errorf("%v is judged %d, want %d", tt.err, got, tt.verdict)
		}
		if got := fmt.Sprint(reason(tt.err)); got != tt.says {
			t.Errorf("%v reads %q, want %q", tt.err, got, tt.says)
		}
	}
}
