package main

import (
	"context"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/imgbuild/imgbuild/internal/strangers"
)

// crowded returns places of which so many are taken by each address, and a draw that takes the first case of all that may be.
func crowded(most int, taken map[string]int, reserved ...netip.Prefix) *pending {
	p := newPending(most, reserved)
	p.draw = func(int) int { return 0 }
	for a, n := range taken {
		for range n {
			p.open = append(p.open, &place{origin: strangers.Origin(netip.MustParseAddr(a))})
		}
	}
	return p
}

// 10:30:100 of a hundred places, and the same of fewer.
func TestOdds(t *testing.T) {
	for _, tt := range []struct{ most, others, odds int }{
		{100, 0, 0}, {100, 9, 0}, {100, 10, 30}, {100, 55, 65}, {100, 99, 99}, {100, 100, 100}, {100, 200, 100},
		{10, 0, 0}, {10, 1, 30}, {10, 9, 92}, {10, 10, 100}, {1, 0, 0}, {1, 1, 100}, {1000, 99, 0}, {1000, 100, 30}, {1000, 999, 99},
	} {
		if got := (&pending{most: tt.most}).odds(tt.others); got != tt.odds {
			t.Errorf("of %d places %d are taken: %d of 100, want %d", tt.most, tt.others, got, tt.odds)
		}
	}
}

// Whose address has most is put out, not who comes first or last.
func TestWhoIsPutOut(t *testing.T) {
	const me = "192.0.2.9"
	for _, tt := range []struct {
		name  string
		taken map[string]int
		most  int
		in    bool
		left  map[string]int
	}{
		{"there is room", map[string]int{"192.0.2.1": 5}, 100, true, map[string]int{"192.0.2.1": 5, me: 1}},
		{"two hold all", map[string]int{"192.0.2.1": 5, "192.0.2.2": 4}, 9, true, map[string]int{"192.0.2.1": 4, "192.0.2.2": 4, me: 1}},
		{"it has most itself", map[string]int{me: 5, "192.0.2.2": 1}, 12, true, map[string]int{me: 5, "192.0.2.2": 1}},
		{"it has half", map[string]int{me: 4}, 8, false, map[string]int{me: 4}},
		{"half is rounded up", map[string]int{me: 1}, 1, false, map[string]int{me: 1}},
		{"the same network", map[string]int{"2001:db8::1": 5, "2001:db8::2": 5, "192.0.2.2": 2}, 12, true, map[string]int{"2001:db8::3": 9, "192.0.2.2": 2, me: 1}},
	} {
		p := crowded(tt.most, tt.taken)
		if got := p.enter(netip.MustParseAddr("::ffff:"+me), nil) != nil; got != tt.in {
			t.Errorf("%s: let in: %v", tt.name, got)
		}
		all := 0
		for a, n := range tt.left {
			all += n
			if got := p.of(strangers.Origin(netip.MustParseAddr(a))); got != n {
				t.Errorf("%s: %s has %d, want %d", tt.name, a, got, n)
			}
		}
		if len(p.open) != all {
			t.Errorf("%s: %d places are taken, want %d", tt.name, len(p.open), all)
		}
	}
	// All have one: chance decides, and it may be the one that comes.
	p := crowded(2, map[string]int{"192.0.2.1": 1, "192.0.2.2": 1})
	p.draw = func(n int) int { return n - 1 }
	if p.enter(netip.MustParseAddr(me), nil) != nil || len(p.open) != 2 {
		t.Errorf("%d places are taken, the last draw was the one that came", len(p.open))
	}
}

// A reserved network's clients have their own places: nobody else takes them, and they take nobody's.
func TestReservedPlaces(t *testing.T) {
	office := netip.MustParsePrefix("198.51.100.0/24")
	p := crowded(4, map[string]int{"192.0.2.1": 2, "192.0.2.2": 2}, office)
	put := func() { t.Error("one was put out") }
	var mine []*place
	for range 4 {
		n := p.enter(netip.MustParseAddr("::ffff:198.51.100.7"), put)
		if n == nil {
			t.Fatalf("number %d has no place", len(mine))
		}
		mine = append(mine, n)
	}
	if p.enter(netip.MustParseAddr("198.51.100.8"), put) != nil {
		t.Error("there are more places than there are")
	}
	p.leave(mine[2])
	if p.enter(netip.MustParseAddr("198.51.100.8"), put) == nil || len(p.open) != 4 {
		t.Errorf("a place was given back; %d others", len(p.open))
	}
}

// client lets people in with the key "good" from any address of loopback, as ssh(1) can't.
func (b *box) client(from string) (*ssh.Client, error) {
	return b.clientOf(from, ssh.InsecureIgnoreHostKey())
}

// clientOf is client, and takes the host key that it likes.
func (b *box) clientOf(from string, likes ssh.HostKeyCallback) (*ssh.Client, error) {
	private, err := os.ReadFile(filepath.Join(b.dir, "good.key"))
	if err != nil {
		return nil, err
	}
	signer, err := ssh.ParsePrivateKey(private)
	if err != nil {
		return nil, err
	}
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}, Timeout: time.Minute}
	raw, err := dialer.Dial("tcp", "127.0.0.1:"+b.port)
	if err != nil {
		return nil, err
	}
	conn, channels, requests, err := ssh.NewClientConn(raw, "", &ssh.ClientConfig{User: "me", Auth: []ssh.AuthMethod{ssh.PublicKeys(signer)}, HostKeyCallback: likes})
	if err != nil {
		raw.Close()
		return nil, err
	}
	return ssh.NewClient(conn, channels, requests), nil
}

// Two addresses hold two hundred connections that say nothing, and renew each that is closed. Whoever comes meanwhile is let in each
// time; of a reserved network even if all come at once.
func TestIdleClientsKeepNobodyOut(t *testing.T) {
	b := newBox(t, func(s *server) {
		s.pending, s.grace, s.reserved = 100, time.Minute, []netip.Prefix{netip.MustParsePrefix("127.0.0.5/32")}
	})
	ctx, stop := context.WithCancel(t.Context())
	var idle, held sync.WaitGroup
	defer idle.Wait()
	defer stop()
	for i := range 200 {
		from := "127.0.0.2"
		if i%2 == 1 {
			from = "127.0.0.3"
		}
		held.Add(1)
		idle.Go(func() {
			once := sync.OnceFunc(held.Done)
			defer once()
			dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
			for ctx.Err() == nil {
				c, err := dialer.DialContext(ctx, "tcp", "127.0.0.1:"+b.port)
				if err != nil {
					return
				}
				hangUp := context.AfterFunc(ctx, func() { c.Close() })
				_, _ = c.Read(make([]byte, 1)) // the server's version, or the end
				once()
				_, _ = io.Copy(io.Discard, c)
				hangUp()
				c.Close()
				select {
				case <-time.After(20 * time.Millisecond): // a flood, but one that leaves this machine time for those who are to be let in
				case <-ctx.Done():
				}
			}
		})
	}
	held.Wait()
	for i := range 45 {
		c, err := b.client("127.0.0.4")
		if err != nil {
			t.Fatalf("attempt %d: %v", i, err)
		}
		c.Close()
	}
	var all sync.WaitGroup
	for i := range 45 {
		all.Go(func() {
			c, err := b.client("127.0.0.5")
			if err != nil {
				t.Errorf("attempt %d of 45 at once: %v", i, err)
				return
			}
			c.Close()
		})
	}
	all.Wait()
}

// calm is a guard who puts nobody out while there is room.
func calm(most int) *guard {
	g := newGuard(newPending(most, nil))
	g.places.draw = func(n int) int { return n - 1 }
	return g
}
