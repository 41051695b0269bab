package main

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"sync"

	"github.com/imgbuild/imgbuild/internal/strangers"
)

// pending are the clients that are logging in. Nobody can fill these places with connections that say nothing: from a tenth of
// them on a client that comes may put one out, at first in 30 cases of 100, in all when none is left (the shape of
// MaxStartups 10:30:100, sshd_config(5)). Who is put out is drawn among those whose address has the most, the one that comes among
// them: so it is never the only one of its address while another address has more.
type pending struct {
	// most is how many places there are; one address gets half of them.
	most int
	// reserved are the networks whose clients have as many places for themselves, any of which one address may have. None of
	// them is put out.
	reserved []netip.Prefix
	// draw returns a number below n.
	draw func(n int) int

	mu          sync.Mutex
	open, apart []*place
}

// place is that of one client; putOut, if not nil, hangs up on it.
type place struct {
	origin netip.Prefix
	putOut func()
}

func newPending(most int, reserved []netip.Prefix) *pending {
	return &pending{most: most, reserved: reserved, draw: rand.IntN}
}

// enter returns a client's place, nil where it gets none. Each place needs a leave, which may come after it was put out.
func (p *pending) enter(from netip.Addr, putOut func()) *place {
	p.mu.Lock()
	defer p.mu.Unlock()
	// What comes by IPv4 to a socket of both families is written as IPv6.
	from = from.Unmap().WithZone("")
	n := &place{strangers.Origin(from), putOut}
	if slices.ContainsFunc(p.reserved, func(r netip.Prefix) bool { return r.Contains(from) }) {
		if len(p.apart) >= p.most {
			return nil
		}
		p.apart = append(p.apart, n)
		return n
	}
	if p.of(n.origin) >= (p.most+1)/2 {
		return nil
	}
	p.open = append(p.open, n)
	if p.draw(100) >= p.odds(len(p.open)-1) {
		return n
	}
	out := p.unlucky()
	p.forget(out)
	if out == n {
		return nil
	}
	if out.putOut != nil {
		out.putOut()
	}
	return n
}

// odds say in how many cases of 100 a client that finds so many others costs somebody the place.
func (p *pending) odds(others int) int {
	const first = 30
	begin := (p.most + 9) / 10
	switch {
	case others >= p.most:
		return 100
	case others < begin:
		return 0
	}
	return first + (100-first)*(others-begin)/(p.most-begin)
}

// unlucky is one of those whose address has the most places.
func (p *pending) unlucky() *place {
	count, most := map[netip.Prefix]int{}, 0
	for _, o := range p.open {
		count[o.origin]++
		most = max(most, count[o.origin])
	}
	var crowded []*place
	for _, o := range p.open {
		if count[o.origin] == most {
			crowded = append(crowded, o)
		}
	}
	return crowded[p.draw(len(crowded))]
}

// crowd is how many places the address of one has, of those that are not reserved.
func (p *pending) crowd(n *place) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.of(n.origin)
}

func (p *pending) of(origin netip.Prefix) (n int) {
	for _, o := range p.open {
		if o.origin == origin {
			n++
		}
	}
	return n
}

func (p *pending) leave(n *place) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.forget(n)
}

func (p *pending) forget(n *place) {
	is := func(o *place) bool { return o == n }
	p.open = slices.DeleteFunc(p.open, is)
	p.apart = slices.DeleteFunc(p.apart, is)
}
