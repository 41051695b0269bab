package main

import (
	"bytes"
	"crypto/ed25519"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
)

// The account's files are read once for a key that is offered and then proven, and again for any other question.
func TestOfferedAndProvenIsOneQuestion(t *testing.T) {
	private := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, 32))
	mine, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	other, err := ssh.NewSignerFromKey(ed25519.NewKeyFromSeed(bytes.Repeat([]byte{8}, 32)))
	if err != nil {
		t.Fatal(err)
	}
	id := strings.Repeat("h", 32)
	for _, tt := range []struct {
		name           string
		offers, offer2 ssh.Signer
		proves         ssh.Signer
		user, gets     string
	}{
		{"the key", mine, nil, mine, "me", "yes"},
		{"another key", mine, nil, other, "me", "no"},
		{"another account", mine, nil, mine, "you", "no"},
		{"a key that was refused", other, nil, other, "me", "no"},
		{"a key before the last", mine, other, mine, "me", "no"},
		{"no offer", nil, nil, mine, "me", "no"},
	} {
		s := sleeper(t, lineOf(t, private.Public()))
		l := newLiar(t, s)
		l.asks(signQuestion{"ssh-ed25519", []byte(id)})
		for _, k := range []ssh.Signer{tt.offers, tt.offer2} {
			if k != nil {
				l.asks(keyQuestion{"me", k.PublicKey().Marshal()})
			}
		}
		if err := os.Remove(filepath.Join(s.etc, "me/.ssh/authorized_keys")); err != nil {
			t.Fatal(err)
		}
		if got := l.asks(request(t, tt.proves, "ssh-ed25519", id, tt.user)); got != tt.gets {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.gets)
		}
	}
}

// The signature is a good one, so all of its check is made, and what the check leaves behind.
func TestWarm(t *testing.T) {
	if !warm() {
		t.Error("the signature is none")
	}
}
