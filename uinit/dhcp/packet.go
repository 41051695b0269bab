package dhcp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
)

// Ports of RFC 2131, section 4.1.
const (
	serverPort = 67
	clientPort = 68
)

const (
	ipHeader  = 20
	udpHeader = 8
	protoUDP  = 17
)

var broadcast = netip.AddrFrom4([4]byte{255, 255, 255, 255})

// datagram wraps a client's message in UDP and IPv4 (RFC 768, RFC 791), for a host without an address.
func datagram(payload []byte, from, to netip.Addr) []byte {
	b := make([]byte, ipHeader+udpHeader, ipHeader+udpHeader+len(payload))
	b = append(b, payload...)
	ip, udp := b[:ipHeader], b[ipHeader:]
	ip[0] = 4<<4 | ipHeader/4
	ip[1] = 0xc0 // precedence of network control (RFC 2474)
	binary.BigEndian.PutUint16(ip[2:], uint16(len(b)))
	ip[8], ip[9] = 64, protoUDP
	source, target := from.As4(), to.As4()
	copy(ip[12:], source[:])
	copy(ip[16:], target[:])
	binary.BigEndian.PutUint16(ip[10:], ^sum(ip, 0))

	binary.BigEndian.PutUint16(udp[0:], clientPort)
	binary.BigEndian.PutUint16(udp[2:], serverPort)
	binary.BigEndian.PutUint16(udp[4:], uint16(len(udp)))
	// The pseudo-header: both addresses, the protocol, the length.
	pseudo := uint32(sum(ip[12:20], 0)) + protoUDP + uint32(len(udp))
	check := ^sum(udp, pseudo)
	if check == 0 {
		check = 0xffff // 0 would mean that there is no checksum
	}
	binary.BigEndian.PutUint16(udp[6:], check)
	return b
}

// sum is the ones' complement sum of RFC 1071.
func sum(b []byte, start uint32) uint16 {
	s := start
	for ; len(b) >= 2; b = b[2:] {
		s += uint32(binary.BigEndian.Uint16(b))
	}
	if len(b) == 1 {
		s += uint32(b[0]) << 8
	}
	for s > 0xffff {
		s = s>>16 + s&0xffff
	}
	return uint16(s)
}

// errNotOurs: a packet that is not for a DHCP client.
var errNotOurs = errors.New("not a datagram for a DHCP client")

// payload unwraps what datagram wraps, from a server to a client. Checksums are the network card's
// business: between virtual machines they are often left out on purpose.
func payload(packet []byte) ([]byte, error) {
	if len(packet) < ipHeader || packet[0]>>4 != 4 {
		return nil, errNotOurs
	}
	header := int(packet[0]&0xf) * 4
	total := int(binary.BigEndian.Uint16(packet[2:]))
	// Short frames are padded, so the packet may be longer than it says; it must not be shorter.
	if header < ipHeader || total < header+udpHeader || total > len(packet) {
		return nil, fmt.Errorf("%w: IPv4 lengths %d and %d in %d bytes", errNotOurs, header, total, len(packet))
	}
	fragment := binary.BigEndian.Uint16(packet[6:]) & 0x3fff
	if packet[9] != protoUDP || fragment != 0 {
		return nil, errNotOurs
	}
	udp := packet[header:total]
	length := int(binary.BigEndian.Uint16(udp[4:]))
	if binary.BigEndian.Uint16(udp[2:]) != clientPort || length < udpHeader || length > len(udp) {
		return nil, errNotOurs
	}
	return udp[udpHeader:length], nil
}
