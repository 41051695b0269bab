package lan

import (
	"encoding/binary"
	"net"
	"net/netip"
	"sync/atomic"
	"time"
)

// Mallory is a machine on a segment that lies and floods. She sees what passes there and has any address she likes, but she is not on
// the way between others.
type Mallory struct {
	Victim
	segment *Segment
	port    *port
	n       atomic.Uint32
}

// Victim is what Mallory knows of the machine that she is after.
type Victim struct {
	MAC net.HardwareAddr
	// Four is its IPv4 address, Router who it takes for its router.
	Four, Router netip.Addr
	// Port is one of TCP that it listens at.
	Port uint16
}

// Local is the link-local address that a machine makes of its hardware address (RFC 4291, appendix A).
func (v Victim) Local() netip.Addr {
	m := v.MAC
	return netip.AddrFrom16([16]byte{0xfe, 0x80, 8: m[0] ^ 2, 9: m[1], 10: m[2], 11: 0xff, 12: 0xfe, 13: m[3], 14: m[4], 15: m[5]})
}

// Mallory plugs her in.
func (s *Segment) Mallory(v Victim) *Mallory {
	m := &Mallory{Victim: v, segment: s}
	m.port = s.plug(func([]byte) {})
	return m
}

// liar is who she is in the nth frame of an attack.
func (m *Mallory) liar(n uint32) *Host {
	h := &Host{MAC: net.HardwareAddr{2, 0xba, 0, 0, 0, 0}, segment: m.segment, port: m.port}
	binary.BigEndian.PutUint32(h.MAC[2:], n)
	h.LinkLocal = Victim{MAC: h.MAC}.Local()
	return h
}

// four is an IPv4 address of hers: one of a network with so many bits.
func four(network string, n uint32) netip.Addr {
	p := netip.MustParsePrefix(network)
	b := p.Addr().As4()
	host := n&(1<<(32-p.Bits())-1) | 1
	binary.BigEndian.PutUint32(b[:], binary.BigEndian.Uint32(b[:])|host)
	return netip.AddrFrom4(b)
}

// burst is the time between two handfuls of a flood.
const burst = 20 * time.Millisecond

// Flood attacks in one way with so many frames a second until stop is called, which says how many there were. A guest that takes them
// more slowly gets fewer: the wire has no room for more.
func (m *Mallory) Flood(a Attack, rate int) (stop func() int) {
	sent := 0
	end := every(0, burst, func() {
		for range rate * int(burst) / int(time.Second) {
			m.Send(a, 1)
			sent++
		}
	})
	return func() int { end(); return sent }
}

// Send attacks in one way with so many frames.
func (m *Mallory) Send(a Attack, frames int) {
	for range frames {
		n := m.n.Add(1)
		a.send(m, m.liar(n), n)
	}
}
