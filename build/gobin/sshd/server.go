package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/ssh"
)

// server is one sshd.
type server struct {
	listen    []string
	keyFile   string
	passwords bool
	// withoutRoot keeps out whoever has root's number.
	withoutRoot bool
	checker     string
	sftp        string
	grace       time.Duration
	pending     int
	reserved    []netip.Prefix
	// alive is how often a client has to show that it is still there; 0 stands for usualAlive.
	alive time.Duration
	// etc holds passwd, group and motd.
	etc string
	// groups is the directory of control groups for sessions; "" for none.
	groups string
	log    *log.Logger

	config *ssh.ServerConfig
	guard  *guard
	crowd  crowd
}

// tries is how many keys or passwords a client may offer in one connection (sshd_config(5), MaxAuthTries).
const tries = 6

func (s *server) prepare(key ssh.Signer) {
	s.guard = newGuard(newPending(s.pending, s.reserved))
	known := ssh.SupportedAlgorithms()
	sha1 := func(name string) bool { return strings.Contains(name, "sha1") }
	s.config = &ssh.ServerConfig{
		ServerVersion: "SSH-2.0-imgbuild", MaxAuthTries: tries, PublicKeyCallback: s.checkKey,
		// The library's own defaults have algorithms that rest on SHA-1, and of these it still calls one MAC good.
		PublicKeyAuthAlgorithms: known.PublicKeyAuths,
		Config:                  ssh.Config{KeyExchanges: known.KeyExchanges, Ciphers: known.Ciphers, MACs: slices.DeleteFunc(known.MACs, sha1)},
	}
	if s.passwords {
		s.config.PasswordCallback = s.checkPassword
	}
	s.config.AddHostKey(key)
}

// serve takes connections until ctx ends; then it hangs up on all and returns when they are gone.
func (s *server) serve(ctx context.Context, l net.Listener) {
	defer context.AfterFunc(ctx, func() { l.Close() })()
	var connections sync.WaitGroup
	defer connections.Wait()
	for ctx.Err() == nil {
		raw, err := l.Accept()
		switch {
		case err == nil:
			connections.Go(func() { s.handle(ctx, raw) })
		case errors.Is(err, net.ErrClosed):
			return
		default:
			// Out of files, most likely: it passes.
			s.log.Printf("taking a connection: %v", err)
			time.Sleep(time.Second)
		}
	}
}

// handle serves one connection. A bug in it must not cost the others theirs.
func (s *server) handle(ctx context.Context, raw net.Conn) {
	defer raw.Close()
	defer context.AfterFunc(ctx, func() { raw.Close() })()
	defer func() {
		if v := recover(); v != nil {
			s.log.Printf("connection from %s: panic: %v", raw.RemoteAddr(), v)
		}
	}()
	from, _ := netip.ParseAddrPort(raw.RemoteAddr().String())
	var crowded atomic.Bool
	place, why := s.guard.enter(from.Addr(), time.Now(), func() { crowded.Store(true); raw.Close() })
	if why != "" {
		s.log.Printf("%s turned away: %s", from, why)
		return
	}
	conn, channels, requests, err := s.logIn(raw)
	s.guard.leave(place, judge(err), time.Now())
	if crowded.Load() {
		err = errors.New("too many are logging in")
	}
	if err != nil {
		s.log.Printf("%s did not log in: %v", from, reason(err))
		return
	}
	defer conn.Close()
	entry := conn.Permissions.ExtraData[entryKey{}].(entry)
	if !s.crowd.enter(entry.account) {
		s.log.Printf("%s as %s turned away: the account has %d connections", from, entry.account.name, maxConnections)
		return
	}
	defer s.crowd.leave(entry.account)
	s.log.Printf("%s logged in as %s by %s", from, entry.account.name, entry.by)
	c := &connection{server: s, conn: conn, entry: entry}
	c.serve(ctx, channels, requests)
	s.log.Printf("%s as %s left", from, entry.account.name)
}

// logIn gives the client its time and not more.
func (s *server) logIn(raw net.Conn) (*ssh.ServerConn, <-chan ssh.NewChannel, <-chan *ssh.Request, error) {
	if err := raw.SetDeadline(time.Now().Add(s.grace)); err != nil {
		return nil, nil, nil, err
	}
	conn, channels, requests, err := ssh.NewServerConn(raw, s.config)
	if err != nil {
		return nil, nil, nil, err
	}
	return conn, channels, requests, raw.SetDeadline(time.Time{})
}

// judge tells those who tried, or kept a place until their time was over, from those who only looked: port scanners, monitors.
func judge(err error) verdict {
	var auth *ssh.ServerAuthError
	switch {
	case err == nil:
		return loggedIn
	case errors.Is(err, os.ErrDeadlineExceeded):
		return refused
	case errors.As(err, &auth) && slices.ContainsFunc(auth.Errors, func(e error) bool { return !errors.Is(e, ssh.ErrNoAuth) }):
		return refused
	}
	return looked
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
