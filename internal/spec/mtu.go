package spec

import (
	"net/netip"
	"slices"
)

// LeastIPv6 is the smallest MTU in bytes of a link with IPv6 (RFC 8200, section 5). Linux takes IPv6 off an interface with less.
const LeastIPv6 = 1280

// IPv6 says whether a link, one of Links, has use for IPv6: an address, a route, forwarding, DHCPv6, or routers
// that it hears.
func (m *Machine) IPv6(name string, l Link) bool {
	if l.NoAddress || l.Master != "" || l.Sysctl["ipv6.disable_ipv6"] == "1" || m.Sysctl["net.ipv6.conf.all.disable_ipv6"] == "1" {
		return false
	}
	for _, r := range m.Route {
		if r.Link == name && r.Destination.Addr().Is6() {
			return true
		}
	}
	yes := func(b *bool) bool { return b != nil && *b }
	return l.HearsRouters() || yes(l.DHCP6) || yes(l.Forwarding) ||
		slices.ContainsFunc(l.Gateways, netip.Addr.Is6) || slices.ContainsFunc(l.Addresses, func(p netip.Prefix) bool { return p.Addr().Is6() })
}

// usualMTU is what interfaces have by themselves: Ethernet's 1500 bytes; a tunnel of WireGuard leaves room for its headers.
const usualMTU, tunnelMTU = 1500, 1420

// CarriedMTU is the MTU of a link in bytes as far as the profile says: its own, else a VLAN's parent's, a bond's for its ports, and
// the smallest of a bridge's ports. all are Links.
func CarriedMTU(all map[string]Link, name string) int { return carried(all, name, len(all)) }

// carried gives up at limit: a circle is found elsewhere.
func carried(all map[string]Link, name string, limit int) int {
	l := all[name]
	switch {
	case l.MTU != 0 || limit == 0:
		return l.MTU
	case l.Kind == "wireguard":
		return tunnelMTU
	case all[l.Master].Kind == "bond":
		return carried(all, l.Master, limit-1)
	case (l.Kind == "vlan" || l.Kind == "bridge") && len(l.Lower) > 0:
		least := carried(all, l.Lower[0], limit-1)
		for _, lower := range l.Lower[1:] {
			least = min(least, carried(all, lower, limit-1))
		}
		return least
	}
	return usualMTU
}
