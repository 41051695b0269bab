package lan

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// Crowd are clients of Mallory's, at several addresses on the victim's network: its link-local one, and Addresses of IPv4. Each has Each
// connections to the port at the same time, one after the other: Talk has one for as long as it likes, until its context ends.
type Crowd struct {
	Port            uint16
	Addresses, Each int
	Talk            func(context.Context, net.Conn)
}

// patience is how long a client waits for the victim's answer before it tries again.
const patience = 2 * time.Second

// Beset has them connect until stop is called, which says how many connections they got.
func (m *Mallory) Beset(c Crowd) (stop func() int) {
	const first = 101 // whoever else is on the segment has a lower address
	network := m.Four.As4()
	var addresses []netip.Addr
	for n := range c.Addresses {
		network[3] = byte(first + n)
		addresses = append(addresses, netip.AddrFrom4(network))
	}
	h := m.segment.Host(first, addresses...)
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	var got atomic.Int64
	for _, from := range h.addresses {
		to := netip.AddrPortFrom(m.Four, c.Port)
		if from.Is6() {
			to = netip.AddrPortFrom(m.Local(), c.Port)
		}
		for range c.Each {
			all.Go(func() {
				for ctx.Err() == nil {
					if h.talks(ctx, from, to, c.Talk) {
						got.Add(1)
					}
				}
			})
		}
	}
	return func() int { cancel(); all.Wait(); h.Unplug(); return int(got.Load()) }
}

// talks says whether it got a connection to talk by.
func (h *Host) talks(ctx context.Context, from netip.Addr, to netip.AddrPort, talk func(context.Context, net.Conn)) bool {
	short, end := context.WithTimeout(ctx, patience)
	defer end()
	conn, err := h.Dial(short, from, to)
	if err != nil {
		return false
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	talk(ctx, conn)
	return true
}
