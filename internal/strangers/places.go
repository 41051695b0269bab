// Package strangers keeps strangers from taking all the places that there are.
package strangers

import (
	"net/netip"
	"sync"
)

// Places are so many at a time, of which no client gets more than half, so that one can't keep all others out.
type Places struct {
	// Most is how many there are.
	Most int

	mu    sync.Mutex
	all   int
	taken map[netip.Prefix]int
}

// Origin is what counts as one client: an IPv4 address, or an IPv6 network, for these have more addresses than anybody can
// count.
func Origin(a netip.Addr) netip.Prefix {
	a = a.Unmap().WithZone("")
	bits := 32
	if a.Is6() {
		bits = 64
	}
	p, _ := a.Prefix(bits) // errs on an invalid address only; then all such are one client
	return p
}

// Enter takes a place, if there is one for this client. Each Enter that went well needs a Leave.
func (p *Places) Enter(from netip.Addr) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	who := Origin(from)
	if p.all >= p.Most || p.taken[who] >= (p.Most+1)/2 {
		return false
	}
	if p.taken == nil {
		p.taken = map[netip.Prefix]int{}
	}
	p.all++
	p.taken[who]++
	return true
}

// Leave gives a place back.
func (p *Places) Leave(from netip.Addr) {
	p.mu.Lock()
	defer p.mu.Unlock()
	who := Origin(from)
	p.all--
	if p.taken[who]--; p.taken[who] <= 0 {
		delete(p.taken, who)
	}
}
