package lan

import (
	"encoding/binary"
	"math"
	"net/netip"
	"time"

	"github.com/gopacket/gopacket/layers"
)

// Flags of a router advertisement (RFC 4861, section 4.2): addresses, or other things, are to be had by DHCPv6.
const (
	Managed = 0x80
	Other   = 0x40
)

// Advertisement is what a router says of itself and of its network.
type Advertisement struct {
	Flags uint8
	// Router is how long it may be a default router, in whole seconds; 0 is not at all.
	Router time.Duration
	// Prefixes to make addresses of, each good for Valid in whole seconds.
	Prefixes []netip.Prefix
	Valid    time.Duration
}

// Advertise sends an advertisement to everybody after a while, and then at each interval until stop is called.
func (h *Host) Advertise(a Advertisement, wait, interval time.Duration) (stop func()) {
	options := layers.ICMPv6Options{{Type: layers.ICMPv6OptSourceAddress, Data: h.MAC}}
	for _, p := range a.Prefixes {
		options = append(options, layers.ICMPv6Option{Type: layers.ICMPv6OptPrefixInfo, Data: prefixInformation(p, a.Valid)})
	}
	return every(wait, interval, func() {
		h.send6(multicast(allNodes), h.LinkLocal, allNodes, layers.IPProtocolICMPv6, icmp6(layers.ICMPv6TypeRouterAdvertisement),
			&layers.ICMPv6RouterAdvertisement{HopLimit: 64, Flags: a.Flags, RouterLifetime: uint16(a.Router / time.Second), Options: options})
	})
}

// prefixInformation is the option without its type and length (RFC 4861, section 4.6.2): on-link and autonomous.
func prefixInformation(p netip.Prefix, valid time.Duration) []byte {
	seconds := uint32(min(valid/time.Second, math.MaxUint32))
	b := []byte{byte(p.Bits()), 0xc0}
	b = binary.BigEndian.AppendUint32(b, seconds)
	b = binary.BigEndian.AppendUint32(b, seconds)
	b = append(b, 0, 0, 0, 0)
	return append(b, p.Masked().Addr().AsSlice()...)
}
