package lan

import (
	"net"
	"net/netip"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

var (
	everybody = net.HardwareAddr{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
	allNodes  = netip.MustParseAddr("ff02::1")
)

// send puts layers into a frame, with lengths and checksums.
func (h *Host) send(to net.HardwareAddr, kind layers.EthernetType, rest ...gopacket.SerializableLayer) {
	b := gopacket.NewSerializeBuffer()
	all := append([]gopacket.SerializableLayer{&layers.Ethernet{SrcMAC: h.MAC, DstMAC: to, EthernetType: kind}}, rest...)
	if err := gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, all...); err != nil {
		panic("BUG: " + err.Error())
	}
	h.segment.forward(h.port, b.Bytes())
}

func (h *Host) send4(mac net.HardwareAddr, from, to netip.Addr, protocol layers.IPProtocol, rest ...gopacket.SerializableLayer) {
	ip := &layers.IPv4{Version: 4, TTL: 64, Protocol: protocol, SrcIP: from.AsSlice(), DstIP: to.AsSlice()}
	covers(ip, rest)
	h.send(mac, layers.EthernetTypeIPv4, append([]gopacket.SerializableLayer{ip}, rest...)...)
}

func (h *Host) send6(mac net.HardwareAddr, from, to netip.Addr, protocol layers.IPProtocol, rest ...gopacket.SerializableLayer) {
	// Neighbour discovery comes from next door or not at all (RFC 4861, section 7.1).
	ip := &layers.IPv6{Version: 6, HopLimit: 255, NextHeader: protocol, SrcIP: from.AsSlice(), DstIP: to.AsSlice()}
	covers(ip, rest)
	h.send(mac, layers.EthernetTypeIPv6, append([]gopacket.SerializableLayer{ip}, rest...)...)
}

// covers has the checksums of UDP, TCP and ICMPv6 cover the addresses, too.
func covers(ip gopacket.NetworkLayer, rest []gopacket.SerializableLayer) {
	for _, l := range rest {
		if l, ok := l.(interface {
			SetNetworkLayerForChecksum(gopacket.NetworkLayer) error
		}); ok {
			_ = l.SetNetworkLayerForChecksum(ip)
		}
	}
}

// multicast is the hardware address of a group (RFC 2464, section 7).
func multicast(group netip.Addr) net.HardwareAddr {
	b := group.As16()
	return net.HardwareAddr{0x33, 0x33, b[12], b[13], b[14], b[15]}
}

func icmp6(kind uint8) *layers.ICMPv6 {
	return &layers.ICMPv6{TypeCode: layers.CreateICMPv6TypeCode(kind, 0)}
}

func (h *Host) takeARP(q *layers.ARP) {
	if _, mine := h.has(q.DstProtAddress); !mine || q.Operation != layers.ARPRequest {
		return
	}
	h.send(q.SourceHwAddress, layers.EthernetTypeARP, arp(layers.ARPReply, h.MAC, q.DstProtAddress, q.SourceHwAddress, q.SourceProtAddress))
}

func arp(operation uint16, fromMAC net.HardwareAddr, from []byte, toMAC net.HardwareAddr, to []byte) *layers.ARP {
	return &layers.ARP{
		AddrType: layers.LinkTypeEthernet, Protocol: layers.EthernetTypeIPv4, HwAddressSize: 6, ProtAddressSize: 4,
		Operation: operation, SourceHwAddress: fromMAC, SourceProtAddress: from, DstHwAddress: toMAC, DstProtAddress: to,
	}
}

// takeSolicitation answers who asks for an address, and everybody where the asker has none yet: that is duplicate address
// detection (RFC 4861, section 7.2.4).
func (h *Host) takeSolicitation(p gopacket.Packet, ether *layers.Ethernet, q *layers.ICMPv6NeighborSolicitation) {
	target, mine := h.has(q.TargetAddress)
	asker, ok := source(p)
	if !mine || !ok {
		return
	}
	const solicited, override = 0x40, 0x20
	mac, flags := ether.SrcMAC, uint8(solicited|override)
	if asker.IsUnspecified() {
		mac, asker, flags = multicast(allNodes), allNodes, override
	}
	h.send6(mac, target, asker, layers.IPProtocolICMPv6, icmp6(layers.ICMPv6TypeNeighborAdvertisement),
		&layers.ICMPv6NeighborAdvertisement{Flags: flags, TargetAddress: target.AsSlice(), Options: layers.ICMPv6Options{
			{Type: layers.ICMPv6OptTargetAddress, Data: h.MAC},
		}})
}

func (h *Host) takeEcho4(p gopacket.Packet, ether *layers.Ethernet, l *layers.ICMPv4) {
	ip, ok := p.NetworkLayer().(*layers.IPv4)
	if !ok {
		return
	}
	from, _ := source(p)
	switch me, mine := h.has(ip.DstIP); {
	case !mine:
	case l.TypeCode.Type() == layers.ICMPv4TypeEchoReply:
		h.echoed(l.Id, l.Seq, from)
	case l.TypeCode.Type() == layers.ICMPv4TypeEchoRequest:
		h.send4(ether.SrcMAC, me, from, layers.IPProtocolICMPv4,
			&layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(layers.ICMPv4TypeEchoReply, 0), Id: l.Id, Seq: l.Seq}, gopacket.Payload(l.Payload))
	}
}

func (h *Host) takeEcho6(p gopacket.Packet, ether *layers.Ethernet, l *layers.ICMPv6Echo) {
	ip, ok := p.NetworkLayer().(*layers.IPv6)
	kind, ok2 := p.Layer(layers.LayerTypeICMPv6).(*layers.ICMPv6)
	if !ok || !ok2 {
		return
	}
	from, _ := source(p)
	switch me, mine := h.has(ip.DstIP); {
	case !mine:
	case kind.TypeCode.Type() == layers.ICMPv6TypeEchoReply:
		h.echoed(l.Identifier, l.SeqNumber, from)
	case kind.TypeCode.Type() == layers.ICMPv6TypeEchoRequest:
		h.send6(ether.SrcMAC, me, from, layers.IPProtocolICMPv6, icmp6(layers.ICMPv6TypeEchoReply),
			&layers.ICMPv6Echo{Identifier: l.Identifier, SeqNumber: l.SeqNumber}, gopacket.Payload(l.Payload))
	}
}
