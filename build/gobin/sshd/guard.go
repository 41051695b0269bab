package main

import (
	"net/netip"
	"sync"
	"time"
)

// guard keeps those who have not logged in from using the machine up: so many at the same time, and
// whoever failed has to stay away for a while.
type guard struct {
	// pending is how many may be logging in at the same time.
	pending int

	mu     sync.Mutex
	inside map[netip.Prefix]int
	failed map[netip.Prefix]record
}

func newGuard(pending int) *guard {
	return &guard{pending: pending, inside: map[netip.Prefix]int{}, failed: map[netip.Prefix]record{}}
}

// verdict is how a client's login went.
type verdict int

const (
	looked verdict = iota // it did not try
	refused
	loggedIn
)

type record struct {
	times int
	until time.Time
}

const (
	// A client's first failures are its owner's typing errors; from then on each doubles the pause.
	freeFailures = 3
	firstPause   = 2 * time.Second
	longestPause = 2 * time.Minute
	// forgotten is how long after its pause a failure still counts.
	forgotten = 10 * time.Minute
	// maxRecords bounds the memory for those who failed.
	maxRecords = 4096
)

// origin is what counts as one client: an IPv4 address, or an IPv6 network, for these have
// more addresses than anybody can count.
func origin(a netip.Addr) netip.Prefix {
	a = a.Unmap().WithZone("")
	bits := 32
	if a.Is6() {
		bits = 64
	}
	p, _ := a.Prefix(bits) // errs on an invalid address only; then all such are one client
	return p
}

// enter takes a client in, or says why not. Each enter that went well needs a leave.
func (g *guard) enter(from netip.Addr, now time.Time) (refused string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	who := origin(from)
	if r := g.failed[who]; now.Before(r.until) {
		return "it failed too often to log in"
	}
	all := 0
	for _, n := range g.inside {
		all += n
	}
	// Nobody gets more than half, so that one client can't keep all others out.
	if all >= g.pending || g.inside[who] >= (g.pending+1)/2 {
		return "too many are logging in"
	}
	g.inside[who]++
	return ""
}

// leave is the end of logging in, for better or worse.
func (g *guard) leave(from netip.Addr, v verdict, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	who := origin(from)
	if g.inside[who]--; g.inside[who] <= 0 {
		delete(g.inside, who)
	}
	switch v {
	case looked:
		return
	case loggedIn:
		delete(g.failed, who)
		return
	}
	r := g.failed[who]
	if now.After(r.until.Add(forgotten)) {
		r = record{}
	}
	r.times++
	r.until = now
	if over := r.times - freeFailures; over > 0 {
		r.until = now.Add(min(firstPause<<min(over-1, 10), longestPause))
	}
	if len(g.failed) >= maxRecords {
		g.tidy(now)
	}
	g.failed[who] = r
}

// tidy forgets what is over, and everything when that is not enough.
func (g *guard) tidy(now time.Time) {
	for who, r := range g.failed {
		if now.After(r.until.Add(forgotten)) {
			delete(g.failed, who)
		}
	}
	if len(g.failed) >= maxRecords {
		clear(g.failed)
	}
}
