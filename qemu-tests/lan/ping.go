package lan

import (
	"fmt"
	"net/netip"
	"sync"
	"time"

	"github.com/gopacket/gopacket/layers"
)

// pace is the time between two echo requests.
const pace = 20 * time.Millisecond

// Ping is traffic: echo requests to one address until Stop.
type Ping struct {
	stop func()

	mu       sync.Mutex
	sent     int
	answered map[uint16]bool
	// last is when an answer came, longest the longest time that none did.
	last    time.Time
	longest time.Duration
	news    chan struct{}
}

// Ping starts asking. Who has the address is asked for as long as nobody knows.
func (h *Host) Ping(to netip.Addr) *Ping {
	p := &Ping{answered: map[uint16]bool{}, news: make(chan struct{})}
	h.mu.Lock()
	id := uint16(len(h.pings) + 1)
	h.pings[id] = p
	from := h.addresses[0]
	for _, a := range h.addresses {
		if a.Is4() == to.Is4() && !a.IsLinkLocalUnicast() {
			from = a
		}
	}
	h.mu.Unlock()
	p.stop = every(0, pace, func() {
		mac := h.Neighbour(to)
		if mac == nil {
			h.ask(from, to)
			return
		}
		p.mu.Lock()
		n := uint16(p.sent)
		p.sent++
		p.mu.Unlock()
		if to.Is4() {
			h.send4(mac, from, to, layers.IPProtocolICMPv4, &layers.ICMPv4{
				TypeCode: layers.CreateICMPv4TypeCode(layers.ICMPv4TypeEchoRequest, 0), Id: id, Seq: n})
			return
		}
		h.send6(mac, from, to, layers.IPProtocolICMPv6, icmp6(layers.ICMPv6TypeEchoRequest), &layers.ICMPv6Echo{Identifier: id, SeqNumber: n})
	})
	return p
}

// ask asks who has an address.
func (h *Host) ask(from, to netip.Addr) {
	if to.Is4() {
		h.send(everybody, layers.EthernetTypeARP, arp(layers.ARPRequest, h.MAC, from.AsSlice(), make([]byte, 6), to.AsSlice()))
		return
	}
	group := solicitedNode(to)
	h.send6(multicast(group), from, group, layers.IPProtocolICMPv6, icmp6(layers.ICMPv6TypeNeighborSolicitation),
		&layers.ICMPv6NeighborSolicitation{TargetAddress: to.AsSlice(), Options: layers.ICMPv6Options{
			{Type: layers.ICMPv6OptSourceAddress, Data: h.MAC},
		}})
}

// solicitedNode is the group that an address's owner listens to (RFC 4291, section 2.7.1).
func solicitedNode(a netip.Addr) netip.Addr {
	b := a.As16()
	return netip.AddrFrom16([16]byte{0xff, 0x02, 11: 1, 12: 0xff, 13: b[13], 14: b[14], 15: b[15]})
}

func (h *Host) echoed(id, seq uint16, _ netip.Addr) {
	h.mu.Lock()
	p := h.pings[id]
	h.mu.Unlock()
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if !p.last.IsZero() {
		p.longest = max(p.longest, now.Sub(p.last))
	}
	p.last, p.answered[seq] = now, true
	close(p.news)
	p.news = make(chan struct{})
}

// Answers waits until n more requests were answered.
func (p *Ping) Answers(n int, limit time.Duration) error {
	over := time.After(limit)
	p.mu.Lock()
	want := len(p.answered) + n
	p.mu.Unlock()
	for {
		p.mu.Lock()
		got, news := len(p.answered), p.news
		p.mu.Unlock()
		if got >= want {
			return nil
		}
		select {
		case <-news:
		case <-over:
			return fmt.Errorf("%d of %d echo replies were missing after %v", want-got, n, limit)
		}
	}
}

// Lap returns the longest silence since the last lap, and starts over.
func (p *Ping) Lap() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	longest := p.longest
	p.longest = 0
	return longest
}

// Stop ends the traffic and says how many requests were sent and how many answered.
func (p *Ping) Stop() (sent, answered int) {
	p.stop()
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.sent, len(p.answered)
}
