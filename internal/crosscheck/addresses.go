package crosscheck

import (
	"maps"
	"net/netip"
	"slices"

	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/internal/suggest"
)

// own checks the addresses that a row gives its interface: that an interface can have them, and be asked there.
func (c *crosser) own(key string, l spec.Link) {
	for i, p := range l.Addresses {
		at, a := problem.JoinIndex(key+".addresses", i), p.Addr()
		switch {
		case !somebody(a) || a.IsLoopback():
			c.Bad(at, "%s is not an interface's address; accepted: one that other machines can send to, such as 192.0.2.1/24", p)
		case p.Bits() == 0:
			c.Bad(at, "%s takes everything for its own network; accepted: the prefix length of the network that it is in", p)
		case a == broadcast(p):
			c.Bad(at, "%s is its network's broadcast address; accepted: another of %s", a, p.Masked())
		case p == p.Masked() && (a.Is4() && p.Bits() < 31 || a.Is6() && p.Bits() < 127): // RFC 3021, RFC 6164; RFC 4291, section 2.6.1
			c.Warn(at, "%s is the address of its network as a whole, which others may not take for a machine's; accepted: another of %s", a, p)
		}
	}
}

// somebody says whether packets can be sent to an address as to one machine.
func somebody(a netip.Addr) bool {
	return a.IsValid() && !a.IsMulticast() && !a.IsUnspecified() && a != netip.AddrFrom4([4]byte{255, 255, 255, 255})
}

// broadcast is the last address of an IPv4 network that has room for one (RFC 919); otherwise none.
func broadcast(p netip.Prefix) netip.Addr {
	if !p.Addr().Is4() || p.Bits() > 30 {
		return netip.Addr{}
	}
	a := p.Addr().As4()
	for bit := p.Bits(); bit < 32; bit++ {
		a[bit/8] |= 0x80 >> (bit % 8)
	}
	return netip.AddrFrom4(a)
}

// gateways checks that routers can be reached, and are others.
func (c *crosser) gateways(key string, l spec.Link) {
	dhcp6 := l.DHCP6 != nil && *l.DHCP6
	for i, g := range l.Gateways {
		at := problem.JoinIndex(key+".gateways", i)
		reachable := slices.ContainsFunc(l.Addresses, func(p netip.Prefix) bool { return p.Contains(g) })
		switch {
		case !somebody(g) || g.IsLoopback() || slices.ContainsFunc(l.Addresses, func(p netip.Prefix) bool { return g == broadcast(p) }):
			c.Of(key+".addresses").Bad(at, "%s is no router's address; accepted: that of one machine in this interface's network", g)
		case slices.ContainsFunc(l.Addresses, func(p netip.Prefix) bool { return g == p.Addr() }):
			c.Of(key+".addresses").Bad(at, "%s is this interface's own address; accepted: the router's", g)
		case c.has(g) != "":
			c.Of(c.has(g)).Bad(at, "%s is this machine's own address, by %s; accepted: the router's", g, c.has(g))
		case g.Is4() && slices.ContainsFunc(l.Addresses, func(p netip.Prefix) bool { return p.Bits() < 31 && g == p.Masked().Addr() }):
			c.Of(key+".addresses").Warn(at, "%s is the address of its network as a whole, which others may not take for a machine's; accepted: the router's", g)
		case !reachable && !g.IsLinkLocalUnicast() && !l.DHCP4 && !dhcp6:
			c.Of(key+".addresses", key+".dhcp4", key+".dhcp6").Bad(at, "%s lies in none of this interface's networks (%v)", g, l.Addresses)
		}
	}
}

// has is the key by which a row gives its interface an address that is no link's alone; "" where none does.
func (c *crosser) has(a netip.Addr) string {
	all := c.p.Links()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		l := all[name]
		if i := slices.IndexFunc(l.Addresses, func(p netip.Prefix) bool { return p.Addr() == a && !a.IsLinkLocalUnicast() }); i >= 0 {
			return problem.JoinIndex(problem.JoinKey(l.Kind, name)+".addresses", i)
		}
	}
	return ""
}

// nameServers checks that name servers can be asked. One on the link needs no zone, for it is that of the row.
func (c *crosser) nameServers(key, name string, l spec.Link, all map[string]spec.Link) {
	for i, a := range l.DNS {
		if a.Zone() == "" && a.IsLinkLocalUnicast() {
			a = a.WithZone(name)
		}
		c.peer(problem.JoinIndex(key+".dns", i), a, all)
	}
}

// server checks a server that is named as a host, and by its address perhaps.
func (c *crosser) server(at, host string) {
	if a, err := netip.ParseAddr(host); err == nil {
		c.peer(at, a, c.p.Links())
	}
}

// shouted says whether an address is the broadcast address of one of the machine's networks.
func (c *crosser) shouted(a netip.Addr) bool {
	for _, l := range c.p.Links() {
		if slices.ContainsFunc(l.Addresses, func(p netip.Prefix) bool { return a == broadcast(p) }) {
			return a.IsValid()
		}
	}
	return false
}

// peer checks an address that this machine is to send to.
func (c *crosser) peer(at string, a netip.Addr, all map[string]spec.Link) {
	_, zone := all[a.Zone()]
	switch {
	case !somebody(a) || c.shouted(a):
		c.Of(spec.LinkTables...).Bad(at, "%s is no machine's address; accepted: such as 192.0.2.53, 2001:db8::53", a)
	case a.Is6() && a.IsLinkLocalUnicast() && !zone:
		c.Ref(a.Zone(), spec.LinkTables...).Bad(at, "%s is on every link, and its interface is not named%s; accepted: such as %s%%%s", a,
			suggest.DidYouMean(a.Zone(), slices.Sorted(maps.Keys(all))), a.WithZone(""), first(all))
	}
}
