package lan

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// Dial begins a TCP connection from one of the host's addresses to a neighbour. Until ctx ends it looks for the neighbour and waits
// for its answer; the error is syscall.ECONNREFUSED or ctx's. A connection that the other side resets ends like one that it closes.
func (h *Host) Dial(ctx context.Context, from netip.Addr, to netip.AddrPort) (net.Conn, error) {
	mac, err := h.find(ctx, from, to.Addr())
	if err != nil {
		return nil, fmt.Errorf("looking for %v from %v: %w", to.Addr(), from, err)
	}
	s, outer := newStream(h, mac, to)
	h.begin(s, from)
	if err := s.open(ctx); err != nil {
		s.forget()
		return nil, fmt.Errorf("connecting to %v from %v: %w", to, from, err)
	}
	return outer, nil
}

// find is the hardware address of a neighbour.
func (h *Host) find(ctx context.Context, from, to netip.Addr) (net.HardwareAddr, error) {
	again := time.NewTicker(pace)
	defer again.Stop()
	for {
		if mac := h.Neighbour(to); mac != nil {
			return mac, nil
		}
		h.ask(from, to)
		select {
		case <-again.C:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// begin gives a stream a port that no other of the host's has. From its first one on a host has TCP.
func (h *Host) begin(s *stream, from netip.Addr) {
	const first, last = 1024, 65535
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.streams == nil {
		h.streams = map[netip.AddrPort]*stream{}
	}
	for !s.here.IsValid() || h.streams[s.here] != nil {
		s.here = netip.AddrPortFrom(from, first+h.dialled%(last-first+1))
		h.dialled++
	}
	h.streams[s.here] = s
}

// takeTCP hands a segment to its stream. Where there is none it resets the connection: the other side need not keep what this one has
// forgotten.
func (h *Host) takeTCP(p gopacket.Packet, ether *layers.Ethernet, l *layers.TCP) {
	from, ok := source(p)
	if !ok {
		return
	}
	to, mine := h.has(p.NetworkLayer().NetworkFlow().Dst().Raw())
	here, there := netip.AddrPortFrom(to, uint16(l.DstPort)), netip.AddrPortFrom(from, uint16(l.SrcPort))
	h.mu.Lock()
	s, none := h.streams[here], h.streams == nil
	h.mu.Unlock()
	switch {
	case !mine || none:
	case s != nil && s.there == there:
		arrived := *l
		arrived.Payload = bytes.Clone(l.Payload)
		s.take(&arrived)
	case l.ACK && !l.RST:
		h.sendTCP(ether.SrcMAC, here, there, layers.TCP{RST: true, Seq: l.Ack}, nil)
	}
}

func (h *Host) sendTCP(mac net.HardwareAddr, from, to netip.AddrPort, l layers.TCP, payload []byte) {
	l.SrcPort, l.DstPort, l.Window = layers.TCPPort(from.Port()), layers.TCPPort(to.Port()), 65535
	send := h.send6
	if from.Addr().Is4() {
		send = h.send4
	}
	send(mac, from.Addr(), to.Addr(), layers.IPProtocolTCP, &l, gopacket.Payload(payload))
}
