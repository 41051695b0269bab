// Package gate keeps guests from speaking for others: what a guest sends passes a program in the kernel before any bridge
// sees it. The program hangs on the guest's interface itself (tc(8), ingress), so it is there before the interface is up, goes with it,
// and no other's packet filter takes it away.
package gate

import (
	"net"
	"net/netip"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// Where things stand in a frame whose tag, if it had one, the kernel has put aside.
const (
	destination = 0
	source      = 6
	protocol    = 12
	payload     = 14
)

// Scratch memory.
const (
	next  = 0 // the protocol of the next header
	known = 1 // 0 where the IPv6 source is ::
	last  = 2 // where an ICMPv6 message ends
)

// Program is what a guest's interface lets through: frames with its own address and no tag, ARP, IPv4 and IPv6 from its own
// addresses where the row names some, and nothing that only switches, routers and DHCP servers say. Anything that it cannot read
// to the end it refuses.
func Program(n spec.VMNIC) ([]unix.SockFilter, error) {
	hardware, err := net.ParseMAC(string(n.MAC))
	if err != nil {
		return nil, err
	}
	own := guest{mac: [6]byte(hardware), named: len(n.Addresses) > 0, six: []netip.Prefix{local(hardware)}}
	for _, a := range n.Addresses {
		if a.Addr().Is4() {
			own.four = append(own.four, a)
		} else {
			own.six = append(own.six, a)
		}
	}
	var tags code
	if !n.Trunk {
		tags = slices.Concat(do(loadWord, vlanTag), need(0))
	}
	return slices.Concat(
		tags,
		mac(loadWord, loadHalf, source, own.mac),
		// What bridges keep to themselves, spanning trees above all (IEEE 802.1D, table 7-10): a switch may close the cable of a host
		// whose guest speaks that.
		do(loadWord, destination), when(equal, 0x0180c200,
			do(loadHalf, destination+4), unless(atLeast, 0x10, end(refuse))),
		do(loadHalf, protocol),
		when(equal, unix.ETH_P_ARP, own.arp()),
		when(equal, unix.ETH_P_IP, own.ipv4()),
		when(equal, unix.ETH_P_IPV6, own.ipv6()),
		end(refuse),
	), nil
}

// guest is who is at the other end.
type guest struct {
	mac       [6]byte
	named     bool // the row names its addresses
	four, six []netip.Prefix
}

// local is the link-local address that follows from a hardware address (RFC 4291, appendix A).
func local(mac net.HardwareAddr) netip.Prefix {
	a := netip.AddrFrom16([16]byte{0: 0xfe, 1: 0x80, 8: mac[0] ^ 2, 9: mac[1], 10: mac[2], 11: 0xff, 12: 0xfe, 13: mac[3], 14: mac[4], 15: mac[5]})
	return netip.PrefixFrom(a, 128)
}

// onlyNamed is a part that matters where the row names addresses.
func (g guest) onlyNamed(part code) code {
	if !g.named {
		return nil
	}
	return part
}

// arp passes the guest's own questions and answers (RFC 826), and its probes for an address of its own (RFC 5227).
func (g guest) arp() code {
	const hardware, sizes, sender, senderIP, target = payload, payload + 4, payload + 8, payload + 14, payload + 24
	return slices.Concat(
		do(loadWord, hardware), need(1<<16|unix.ETH_P_IP),
		do(loadHalf, sizes), need(6<<8|4),
		mac(loadWord, loadHalf, sender, g.mac),
		g.onlyNamed(slices.Concat(
			do(loadWord, senderIP), when(equal, 0, among(loadWord, target, g.four), end(pass)),
			among(loadWord, senderIP, g.four))),
		end(pass))
}

// ipv4 passes packets from the guest's addresses, and from 0.0.0.0, as before a lease (RFC 791, RFC 2131).
func (g guest) ipv4() code {
	const fragment, kind, from = payload + 6, payload + 9, payload + 12
	return slices.Concat(
		do(loadByte, payload), do(and, 0xf0), need(0x40),
		g.onlyNamed(among(loadWord, from, append(slices.Clone(g.four), netip.MustParsePrefix("0.0.0.0/32")))),
		do(loadHalf, fragment), when(anyBit, 0x1fff, end(pass)), // nothing without the first, which has been here
		do(headerX, payload),
		do(loadByte, kind),
		when(equal, unix.IPPROTO_UDP,
			do(halfAtX, payload+2), never(68), // to a DHCP client
			end(pass)),
		when(equal, unix.IPPROTO_ICMP,
			do(byteAtX, payload), never(5), never(9), // redirect; router advertisement (RFC 1256)
			end(pass)),
		end(pass))
}

// An IPv6 packet has fewer extension headers than these, and a message of neighbour discovery fewer options.
const (
	headers = 8
	options = 8
)

// ipv6 passes packets from the guest's addresses (RFC 8200).
func (g guest) ipv6() code {
	const kind, from, after = payload + 6, payload + 8, payload + 40
	carried := g.carried()
	// Built from the end: what is no extension header jumps over the rest of them.
	walk := end(refuse)
	name := slices.Concat(do(byteAtX, 0), do(store, next))
	length := func(units, shifted uint32) code {
		return slices.Concat(name, do(byteAtX, 1), do(add, units), do(shift, shifted), do(addX, 0), do(toX, 0))
	}
	fragment := slices.Concat(
		do(halfAtX, 2), when(anyBit, 0xfff8, end(pass)), // nothing without the first
		name, do(fromX, 0), do(add, 8), do(toX, 0))
	for range headers {
		rest := walk
		// Each of these goes on with the next step; anything else leaves.
		leave := do(always, uint32(len(rest)))
		var kinds code
		for _, k := range []struct {
			number uint32
			body   code
		}{{unix.IPPROTO_AH, length(2, 2)}, {unix.IPPROTO_FRAGMENT, fragment}, {unix.IPPROTO_DSTOPTS, length(1, 3)},
			{unix.IPPROTO_ROUTING, length(1, 3)}, {unix.IPPROTO_HOPOPTS, length(1, 3)}} {
			kinds = slices.Concat(when(equal, k.number, k.body, do(always, uint32(len(kinds)+len(leave)))), kinds)
		}
		walk = slices.Concat(do(recall, next), kinds, leave, rest)
	}
	unspecified := do(loadWord, from)
	for i := uint32(4); i < 16; i += 4 {
		unspecified = slices.Concat(unspecified, do(toX, 0), do(loadWord, from+i), do(orX, 0))
	}
	return slices.Concat(
		do(loadByte, payload), do(and, 0xf0), need(0x60),
		unspecified, do(store, known),
		g.onlyNamed(unless(equal, 0, among(loadWord, from, g.six))),
		do(loadHalf, payload+4), do(add, after), do(store, last),
		do(loadByte, kind), do(store, next),
		do(setX, after),
		walk, carried)
}

// carried judges what lies behind the headers, at X.
func (g guest) carried() code {
	const solicit, routerAdvert, neighbour, advert, redirect = 133, 134, 135, 136, 137 // RFC 4861, section 4
	skip := func(n uint32) code { return slices.Concat(do(fromX, 0), do(add, n), do(toX, 0)) }
	return slices.Concat(
		do(recall, next),
		when(equal, unix.IPPROTO_ICMPV6,
			do(byteAtX, 0), never(routerAdvert), never(redirect),
			when(equal, solicit, skip(8), g.options()),
			when(equal, neighbour,
				// Who looks for a duplicate of another's address takes it from him (RFC 4862, section 5.4.3).
				g.onlyNamed(slices.Concat(do(recall, known), when(equal, 0, among(wordAtX, 8, g.six)))),
				skip(24), g.options()),
			when(equal, advert,
				g.onlyNamed(among(wordAtX, 8, g.six)),
				skip(24), g.options()),
			end(pass)),
		do(recall, known), never(0), // only these speak without an address
		do(recall, next),
		when(equal, unix.IPPROTO_UDP, do(halfAtX, 2), never(546)), // to a DHCPv6 client
		end(pass))
}

// options refuses a message of neighbour discovery, from X on, that gives another hardware address than the guest's (RFC 4861, section 4.6.1).
func (g guest) options() code {
	own := mac(wordAtX, halfAtX, 2, g.mac)
	one := slices.Concat(
		do(recall, last), unless(beyondX, 0, end(pass)),
		do(byteAtX, 0), when(equal, 1, own),
		do(byteAtX, 0), when(equal, 2, own),
		do(byteAtX, 1), never(0), do(shift, 3), do(addX, 0), do(toX, 0))
	return slices.Concat(slices.Concat(slices.Repeat([]code{one}, options)...), end(refuse))
}
