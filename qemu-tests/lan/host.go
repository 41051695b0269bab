package lan

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// Host is a machine on a segment. It answers for its addresses by ARP, neighbour discovery and echo; more it does when told to.
type Host struct {
	// MAC is its hardware address, LinkLocal the address that follows from it.
	MAC       net.HardwareAddr
	LinkLocal netip.Addr

	segment *Segment
	port    *port

	mu        sync.Mutex
	addresses []netip.Addr
	// neighbours are the hardware addresses of others, as their packets show them.
	neighbours map[netip.Addr]net.HardwareAddr
	pings      map[uint16]*Ping
	udp        map[uint16]func(from netip.Addr, payload []byte)
	// streams are the connections that the host began, by its side of them, dialled how many there have been, in all.
	streams map[netip.AddrPort]*stream
	dialled uint16
	// heard counts what others asked for, by name, answered or not; news is closed by each.
	heard map[string]int
	news  chan struct{}
}

// Host plugs in a machine with addresses; n tells it from others.
func (s *Segment) Host(n byte, addresses ...netip.Addr) *Host {
	h := &Host{
		MAC:       net.HardwareAddr{0x02, 0, 0, 0, 0, n},
		LinkLocal: netip.AddrFrom16([16]byte{0xfe, 0x80, 11: 0xff, 12: 0xfe, 15: n}),
		segment:   s, neighbours: map[netip.Addr]net.HardwareAddr{}, pings: map[uint16]*Ping{},
		udp: map[uint16]func(netip.Addr, []byte){}, heard: map[string]int{}, news: make(chan struct{}),
	}
	h.addresses = append(addresses, h.LinkLocal)
	h.port = s.plug(h.take)
	return h
}

// Unplug takes the host off the segment.
func (h *Host) Unplug() { h.segment.unplug(h.port) }

// Hears waits for one more question of a kind: "router solicitation", "DHCPv4 REQUEST", "DHCPv6 RENEW".
func (h *Host) Hears(ctx context.Context, what string) error {
	before := -1
	for {
		h.mu.Lock()
		now, news := h.heard[what], h.news
		h.mu.Unlock()
		if before < 0 {
			before = now
		}
		if now > before {
			return nil
		}
		select {
		case <-news:
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w", what, ctx.Err())
		}
	}
}

func (h *Host) hear(what string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.heard[what]++
	close(h.news)
	h.news = make(chan struct{})
}

func (h *Host) has(ip net.IP) (netip.Addr, bool) {
	a, ok := netip.AddrFromSlice(ip)
	a = a.Unmap()
	return a, ok && slices.Contains(h.addresses, a)
}

// take looks at a frame that arrives.
func (h *Host) take(frame []byte) {
	p := gopacket.NewPacket(frame, layers.LayerTypeEthernet, gopacket.DecodeOptions{Lazy: true, NoCopy: true})
	ether, ok := p.LinkLayer().(*layers.Ethernet)
	if !ok {
		return
	}
	h.learn(p, ether)
	for _, l := range p.Layers() {
		switch l := l.(type) {
		case *layers.ARP:
			h.takeARP(l)
		case *layers.ICMPv4:
			h.takeEcho4(p, ether, l)
		case *layers.ICMPv6Echo:
			h.takeEcho6(p, ether, l)
		case *layers.ICMPv6NeighborSolicitation:
			h.takeSolicitation(p, ether, l)
		case *layers.ICMPv6RouterSolicitation:
			h.hear("router solicitation")
		case *layers.UDP:
			h.takeUDP(p, l)
		case *layers.TCP:
			h.takeTCP(p, ether, l)
		}
	}
}

// learn notes who has which address. Nobody has the unspecified one, and what is sent to one other machine is no news here.
func (h *Host) learn(p gopacket.Packet, ether *layers.Ethernet) {
	const group = 1
	if ether.DstMAC[0]&group == 0 && !bytes.Equal(ether.DstMAC, h.MAC) {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if a, ok := source(p); ok && !a.IsUnspecified() {
		h.neighbours[a] = slices.Clone(ether.SrcMAC)
	}
}

func source(p gopacket.Packet) (netip.Addr, bool) {
	raw := []byte(nil)
	if arp, ok := p.Layer(layers.LayerTypeARP).(*layers.ARP); ok {
		raw = arp.SourceProtAddress
	} else if n := p.NetworkLayer(); n != nil {
		raw = n.NetworkFlow().Src().Raw()
	}
	return netip.AddrFromSlice(raw)
}

func (h *Host) takeUDP(p gopacket.Packet, l *layers.UDP) {
	h.mu.Lock()
	serve := h.udp[uint16(l.DstPort)]
	h.mu.Unlock()
	if from, ok := source(p); ok && serve != nil {
		serve(from, l.Payload)
	}
}

// Neighbour is the hardware address that was last seen to have an address; it waits for nothing.
func (h *Host) Neighbour(a netip.Addr) net.HardwareAddr {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.neighbours[a]
}

// every does something after a while and then at each interval, until stop is called.
func every(wait, interval time.Duration, do func()) (stop func()) {
	done := make(chan struct{})
	var over sync.WaitGroup
	over.Go(func() {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		for {
			select {
			case <-timer.C:
				do()
				timer.Reset(interval)
			case <-done:
				return
			}
		}
	})
	return sync.OnceFunc(func() { close(done); over.Wait() })
}
