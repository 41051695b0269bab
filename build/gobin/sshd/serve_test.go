package main

import (
	"bytes"
	"context"
	"net"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"
)

// Who does not answer is hung up on after a minute; who does is asked again each quarter of one.
func TestClientsThatVanish(t *testing.T) {
	for _, tt := range []struct {
		alive          time.Duration
		answers        time.Duration
		asked, hungUp  int
		after, forHowL time.Duration
	}{
		{0, 0, 4, 0, 0, 61 * time.Second}, {0, time.Hour, 1, 1, time.Minute, time.Hour}, {time.Second, 2 * time.Second, 3, 0, 0, 9 * time.Second}, {time.Second, 4 * time.Second, 1, 1, 4 * time.Second, time.Hour},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := &wire{answers: func() { time.Sleep(tt.answers) }}
			ours, theirs, err := newLink()
			if err != nil {
				t.Fatal(err)
			}
			defer theirs.Close()
			defer ours.conn.Close()
			c := &speaker{alive: tt.alive, conn: w, monitor: ours}
			begin := time.Now()
			ctx, cancel := context.WithTimeout(t.Context(), tt.forHowL)
			defer cancel()
			c.watch(ctx)
			if took := time.Since(begin); int(w.asked.Load()) != tt.asked || w.closed != tt.hungUp || tt.hungUp > 0 && took != tt.after || tt.hungUp == 0 && took != tt.forHowL {
				t.Errorf("%+v: asked %d times, hung up on %d times, after %v", tt, w.asked.Load(), w.closed, took)
			}
			time.Sleep(2 * time.Hour)
		})
	}
}

// listener is one whose machine is out of files twice.
type listener struct {
	net.Listener
	errs   []error
	closed int
}

func (l *listener) Close() error { l.closed++; return nil }

func (l *listener) Accept() (net.Conn, error) {
	err := l.errs[0]
	l.errs = l.errs[1:]
	return nil, err
}

func TestServeGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		l := &listener{errs: []error{unix.EMFILE, unix.EMFILE, net.ErrClosed}}
		(&server{log: discard()}).serve(t.Context(), l)
		if took := time.Since(begin); took != 2*time.Second || len(l.errs) != 0 {
			t.Errorf("ended after %v, %d left", took, len(l.errs))
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		(&server{log: discard()}).serve(ctx, l)
		synctest.Wait()
		if l.closed != 1 {
			t.Errorf("closed %d times", l.closed)
		}
	})
	s := &server{pending: 3}
	key, err := ensureKey(filepath.Join(t.TempDir(), "a", "key"))
	if err != nil {
		t.Fatal(err)
	}
	if s.prepare(key); s.guard.places.most != 3 {
		t.Errorf("%+v", s.guard.places)
	}
	for _, passwords := range []bool{true, false} {
		c, err := (&speaker{}).config(hello{HostKey: key.PublicKey().Marshal(), Passwords: passwords})
		if err != nil || c.MaxAuthTries != 6 || (c.PasswordCallback != nil) != passwords || c.PublicKeyCallback == nil || c.VerifiedPublicKeyCallback == nil || c.NoClientAuth {
			t.Errorf("passwords %v: %+v, %v", passwords, c, err)
		}
	}
}

// The host key's folder is nobody else's; one that can't be made is an error, and nothing stays.
func TestMakeHostKey(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "ssh", "key")
	key, err := ensureKey(file)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := ensureKey(file); err != nil || fingerprint(again.PublicKey()) != fingerprint(key.PublicKey()) {
		t.Errorf("another one the second time, %v", err)
	}
	for path, mode := range map[string]os.FileMode{filepath.Dir(file): os.ModeDir | 0o700, file: 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode() != mode {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
	if _, err := ensureKey(filepath.Join(file, "below", "key")); err == nil {
		t.Error("a key below a file")
	}
	if err := os.WriteFile(file, bytes.Repeat([]byte("x"), 64<<10+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := readKey(file); err == nil {
		t.Error("a key of any size is read")
	}
}
