package main

import (
	"net/netip"
	"sync"
	"time"

	"github.com/imgbuild/imgbuild/internal/strangers"
)

// guard keeps those who have not logged in from using the machine up: so many at the same time, and
// whoever failed has to stay away for a while.
type guard struct {
	places *pending

	mu     sync.Mutex
	failed map[netip.Prefix]record
}

func newGuard(places *pending) *guard {
	return &guard{places: places, failed: map[netip.Prefix]record{}}
}

// verdict is how a client's login went.
type verdict int

const (
	looked  verdict = iota // it did not try, and did not stay
	refused                // it tried in vain, or took a place for all its time
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

// enter takes a client in, or says why not. Each place needs a leave. See pending for putOut.
func (g *guard) enter(from netip.Addr, now time.Time, putOut func()) (p *place, refused string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if r := g.failed[strangers.Origin(from)]; now.Before(r.until) {
		return nil, "it failed too often to log in"
	}
	if p = g.places.enter(from, putOut); p == nil {
		return nil, "too many are logging in"
	}
	return p, ""
}

// leave is the end of logging in, for better or worse.
func (g *guard) leave(p *place, v verdict, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.places.leave(p)
	who := p.origin
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
