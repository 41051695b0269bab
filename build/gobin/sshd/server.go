package main

import (
	"context"
	"errors"
	"log"
	"net"
	"net/netip"
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
	// etc holds passwd, group and motd.
	etc string
	// empty is the folder that is the root of those who speak with clients.
	empty string
	// jails are the directories below which accounts get SFTP and nothing else, by name.
	jails map[string]string
	// groups is the directory of control groups for sessions; "" for none.
	groups string
	log    *log.Logger

	key      ssh.Signer
	guard    *guard
	crowd    crowd
	speakers *nursery
	turns    turns
}

func (s *server) prepare(key ssh.Signer) {
	s.guard = newGuard(newPending(s.pending, s.reserved))
	s.turns.crowd = s.guard.places.crowd
	s.key = key
	s.speakers = &nursery{empty: s.empty, program: "/proc/self/exe"}
}

// serve takes connections until ctx ends; then it hangs up on all and returns when they are gone.
func (s *server) serve(ctx context.Context, l net.Listener) {
	defer context.AfterFunc(ctx, func() { l.Close() })()
	var connections sync.WaitGroup
	defer func() {
		connections.Wait()
		if s.speakers != nil {
			s.speakers.drain()
		}
	}()
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

// afterLogin is when a login is over for sure, and what runs then has begun.
const afterLogin = time.Second

// handle serves one connection. A bug in it must not cost the others theirs.
func (s *server) handle(ctx context.Context, raw net.Conn) {
	from, _ := netip.ParseAddrPort(raw.RemoteAddr().String())
	m := &monitor{server: s, raw: raw, from: from, slots: make(chan struct{}, maxSessions)}
	defer func() {
		if m.line != nil && !s.turns.busy() { // the next one is not to be in the way of this one's login, nor of any other's
			s.speakers.refill()
		}
	}()
	defer raw.Close()
	ctx, hangUp := context.WithCancel(ctx)
	defer hangUp()
	defer context.AfterFunc(ctx, func() { raw.Close() })()
	defer func() {
		if v := recover(); v != nil {
			s.log.Printf("connection from %s: panic: %v", raw.RemoteAddr(), v)
		}
	}()
	var crowded atomic.Bool
	place, why := s.guard.enter(from.Addr(), time.Now(), func() { crowded.Store(true); hangUp() })
	if why != "" {
		s.log.Printf("%s turned away: %s", from, why)
		return
	}
	m.place = place
	err := m.logIn(ctx)
	s.guard.leave(place, m.verdict(err), time.Now())
	if crowded.Load() {
		err = errors.New("too many are logging in")
	}
	if err != nil {
		s.log.Printf("%s did not log in: %v", from, err)
		return
	}
	account := m.entry.account
	if !s.crowd.enter(account) {
		s.log.Printf("%s as %s turned away: the account has %d connections", from, account.name, maxConnections)
		return
	}
	defer s.crowd.leave(account)
	s.log.Printf("%s logged in as %s by %s", from, account.name, m.entry.by)
	defer time.AfterFunc(afterLogin, s.speakers.refill).Stop()
	m.serve()
	if m.left.Why != "" {
		s.log.Printf("%s as %s: %s", from, account.name, plain(m.left.Why))
	}
	s.log.Printf("%s as %s left", from, account.name)
}
