package arp

import (
	"encoding/binary"
	"net"
	"net/netip"
)

// A packet about IPv4 on Ethernet (RFC 826), without the frame's header. Offsets of its fields.
const (
	opAt, senderMACAt, senderAt, targetMACAt, targetAt, length = 6, 8, 14, 18, 24, 28

	opRequest = 1
)

// request asks who has target. In nobody's name (sender 0.0.0.0) it is a probe; with sender and target the same it is an announcement
// (RFC 5227, section 1.1).
func request(mac net.HardwareAddr, sender, target netip.Addr) []byte {
	b := make([]byte, length)
	binary.BigEndian.PutUint16(b[0:], 1)      // Ethernet
	binary.BigEndian.PutUint16(b[2:], 0x0800) // IPv4
	b[4], b[5], b[opAt+1] = 6, 4, opRequest
	copy(b[senderMACAt:], mac)
	copy(b[senderAt:], sender.AsSlice())
	copy(b[targetAt:], target.AsSlice())
	return b
}

// Claim is a packet by which somebody says that it has an address or, with a probe, is about to take it.
type Claim struct {
	Who   net.HardwareAddr
	Probe bool
}

// claims reads what a packet says of an address.
func claims(b []byte, a netip.Addr) (Claim, bool) {
	if len(b) < length || [6]byte(b) != [6]byte{0, 1, 8, 0, 6, 4} {
		return Claim{}, false
	}
	c := Claim{Who: net.HardwareAddr(append([]byte(nil), b[senderMACAt:senderAt]...))}
	switch sender, target := netip.AddrFrom4([4]byte(b[senderAt:])), netip.AddrFrom4([4]byte(b[targetAt:])); {
	case sender == a:
		return c, true
	case sender.IsUnspecified() && target == a && b[opAt] == 0 && b[opAt+1] == opRequest:
		c.Probe = true
		return c, true
	}
	return Claim{}, false
}
