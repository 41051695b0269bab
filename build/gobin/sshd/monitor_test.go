package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

// liar is a speaker that somebody has made his own: it says what it likes to the monitor, which is real.
type liar struct {
	t    *testing.T
	line *link
	// ended gets what the monitor ended the connection for.
	ended chan error
}

// sleeper is a server with the account me, whose keys are in the lines given, and the password "right".
func sleeper(t *testing.T, keys ...string) *server {
	t.Helper()
	dir := t.TempDir()
	checker := filepath.Join(dir, "checker")
	err := errors.Join(os.MkdirAll(dir+"/me/.ssh", 0o755), os.Chmod(dir+"/me", 0o755),
		os.WriteFile(dir+"/me/.ssh/authorized_keys", []byte(strings.Join(keys, "\n")), 0o600),
		os.WriteFile(checker, []byte("#!/bin/sh\n[ \"$(cat)\" = right ]\n"), 0o755),
		os.WriteFile(dir+"/passwd", fmt.Appendf(nil, "me:x:%d:%d::%s/me:/bin/sh\n", os.Getuid(), os.Getgid(), dir), 0o600))
	if err != nil {
		t.Fatal(err)
	}
	key, err := ensureKey(filepath.Join(dir, "key"))
	if err != nil {
		t.Fatal(err)
	}
	return &server{etc: dir, checker: checker, key: key, log: discard()}
}

func newLiar(t *testing.T, s *server) *liar {
	t.Helper()
	ours, theirs, err := newLink()
	if err != nil {
		t.Fatal(err)
	}
	line, err := linkOf(theirs)
	if err != nil {
		t.Fatal(err)
	}
	l := &liar{t, line, make(chan error, 1)}
	m := &monitor{server: s, line: ours, raw: seat{}, from: netip.MustParseAddrPort("192.0.2.1:5"), limit: time.Now().Add(time.Hour), slots: make(chan struct{}, maxSessions)}
	ctx, stop := context.WithCancel(t.Context())
	context.AfterFunc(ctx, func() { ours.conn.Close() })
	var answers sync.WaitGroup
	answers.Go(func() {
		defer stop()
		for {
			if err := m.answer(); err != nil {
				l.ended <- err
				return
			}
		}
	})
	t.Cleanup(func() { line.conn.Close(); answers.Wait(); m.sessions.Wait() })
	return l
}

// asks says how the monitor takes a question: "yes", "no", or "end" where it ends the connection.
func (l *liar) asks(question any) string {
	l.t.Helper()
	a, files, err := l.line.ask(question)
	defer closeAll(files)
	switch {
	case err != nil && len(files) == 0:
		return "end"
	case a.Yes:
		return fmt.Sprint("yes", strings.Repeat(", a line", len(files)))
	case len(files) > 0:
		l.t.Errorf("a no with %d files", len(files))
	}
	return "no"
}

// request is a client's, signed with its key for a session.
func request(t *testing.T, key ssh.Signer, algorithm, id, user string) proofQuestion {
	t.Helper()
	q := keyRequest{User: user, Service: "ssh-connection", Method: "publickey", Signed: true, Algorithm: algorithm, Key: key.PublicKey().Marshal()}
	packet := ssh.Marshal(q)
	signed := append(ssh.Marshal(struct{ ID string }{id}), packet[:len(packet)-4]...)
	signature, err := key.(ssh.AlgorithmSigner).SignWithAlgorithm(rand.Reader, signed, algorithm)
	if err != nil {
		t.Fatal(err)
	}
	q.Signature = ssh.Marshal(signature)
	return proofQuestion{ssh.Marshal(q)}
}

// Who has made a speaker his own gets what a client with the same keys and passwords gets, and nothing else.
func TestLies(t *testing.T) {
	t.Parallel() // wrong passwords take their time
	private := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, 32))
	mine, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	large, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	weak, err := ssh.NewSignerFromKey(large)
	if err != nil {
		t.Fatal(err)
	}
	other, err := ssh.NewSignerFromKey(ed25519.NewKeyFromSeed(bytes.Repeat([]byte{8}, 32)))
	if err != nil {
		t.Fatal(err)
	}
	s := sleeper(t, lineOf(t, private.Public()), lineOf(t, large.Public()))
	passwords := &server{etc: s.etc, checker: s.checker, key: s.key, log: s.log, passwords: true}
	hash, another := strings.Repeat("h", 32), strings.Repeat("a", 32)
	sign := signQuestion{Algorithm: "ssh-ed25519", Hash: []byte(hash)}
	offer := keyQuestion{"me", mine.PublicKey().Marshal()}
	good := request(t, mine, "ssh-ed25519", hash, "me")
	change := func(to func(*keyRequest)) proofQuestion {
		var q keyRequest
		if err := ssh.Unmarshal(bytes.Clone(good.Packet), &q); err != nil {
			t.Fatal(err)
		}
		to(&q)
		return proofQuestion{ssh.Marshal(q)}
	}
	open := sessionQuestion{}
	type step struct {
		asks any
		gets string
	}
	for name, steps := range map[string][]step{
		"a client":                       {{sign, "yes"}, {offer, "yes"}, {good, "yes"}, {open, "yes, a line"}, {open, "yes, a line"}},
		"a session at once":              {{open, "end"}},
		"a session for an offered key":   {{sign, "yes"}, {offer, "yes"}, {open, "end"}},
		"a session after a refusal":      {{sign, "yes"}, {request(t, other, "ssh-ed25519", hash, "me"), "no"}, {open, "end"}},
		"a login before the session":     {{good, "no"}, {sign, "yes"}, {good, "yes"}},
		"another connection's login":     {{signQuestion{"ssh-ed25519", []byte(another)}, "yes"}, {good, "no"}, {open, "end"}},
		"a signature of nothing":         {{sign, "yes"}, {change(func(q *keyRequest) { q.Signature = nil }), "no"}, {open, "end"}},
		"one that is not his":            {{sign, "yes"}, {change(func(q *keyRequest) { q.Signature[len(q.Signature)-1] ^= 1 }), "no"}, {open, "end"}},
		"another's name":                 {{sign, "yes"}, {change(func(q *keyRequest) { q.User = "root" }), "no"}, {open, "end"}},
		"another's key":                  {{sign, "yes"}, {change(func(q *keyRequest) { q.Key = other.PublicKey().Marshal() }), "no"}, {open, "end"}},
		"another service":                {{sign, "yes"}, {change(func(q *keyRequest) { q.Service = "ssh-userauth" }), "no"}},
		"an offer as a login":            {{sign, "yes"}, {change(func(q *keyRequest) { q.Signed = false }), "no"}},
		"more behind a login":            {{sign, "yes"}, {proofQuestion{append(bytes.Clone(good.Packet), 0)}, "no"}},
		"nothing at all":                 {{sign, "yes"}, {proofQuestion{}, "no"}},
		"a key of RSA":                   {{sign, "yes"}, {request(t, weak, "rsa-sha2-256", hash, "me"), "yes"}, {open, "yes, a line"}},
		"by SHA-1":                       {{sign, "yes"}, {request(t, weak, "ssh-rsa", hash, "me"), "no"}, {open, "end"}},
		"two sessions' identifiers":      {{sign, "yes"}, {sign, "end"}},
		"a text to sign":                 {{signQuestion{"ssh-ed25519", []byte("a text of another length")}, "end"}},
		"keys anew after the login":      {{sign, "yes"}, {good, "yes"}, {signQuestion{"ssh-ed25519", []byte(another)}, "yes"}, {open, "yes, a line"}},
		"to be somebody else, later":     {{sign, "yes"}, {good, "yes"}, {good, "end"}},
		"to try keys, later":             {{sign, "yes"}, {good, "yes"}, {offer, "end"}},
		"a password where none is taken": {{passwordQuestion{"me", []byte("right")}, "end"}},
		"what there is not":              {{struct{ A byte }{99}, "end"}},
		"half a question":                {{struct{ A byte }{keyAsked}, "end"}},
	} {
		l := newLiar(t, s)
		for i, step := range steps {
			if got := l.asks(step.asks); got != step.gets {
				t.Errorf("%s: step %d: %s, want %s", name, i+1, got, step.gets)
			}
		}
	}
	// The monitor counts for itself.
	l, n := newLiar(t, s), 0
	for l.asks(keyQuestion{"me", other.PublicKey().Marshal()}) == "no" {
		n++
	}
	if n != 2*tries {
		t.Errorf("%d keys were looked at", n)
	}
	t.Run("passwords", func(t *testing.T) {
		t.Parallel()
		l := newLiar(t, passwords)
		for i := range tries {
			if got := l.asks(passwordQuestion{"me", []byte("wrong")}); got != "no" {
				t.Errorf("password %d: %s", i+1, got)
			}
		}
		if got := l.asks(passwordQuestion{"me", []byte("right")}); got != "end" {
			t.Errorf("one more: %s", got)
		}
		if l := newLiar(t, passwords); l.asks(passwordQuestion{"me", []byte("right")}) != "yes" || l.asks(open) != "yes, a line" {
			t.Error("the right password did not let in")
		}
	})
	// A message has its bounds.
	l = newLiar(t, s)
	if _, err := l.line.conn.Write([]byte{0x7f, 0xff, 0xff, 0xff}); err != nil {
		t.Fatal(err)
	}
	if err := <-l.ended; !strings.Contains(err.Error(), "accepted: 1 to") {
		t.Errorf("a message of 2 GB: %v", err)
	}
}
