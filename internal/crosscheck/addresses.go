package crosscheck

import (
	"maps"
	"net/netip"
	"slices"

	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/internal/suggest"
)

// Addresses checks the addresses at a key, which an interface is given: that it can have them, and be asked there.
func Addresses(j problem.Judge, key string, all []netip.Prefix) {
	for i, p := range all {
		at, a := problem.JoinIndex(key, i), p.Addr()
		switch {
		case !somebody(a) || a.IsLoopback():
			j.Bad(at, "%s is not an interface's address; accepted: one that other machines can send to, such as 192.0.2.1/24", p)
		case p.Bits() == 0:
			j.Bad(at, "%s takes everything for its own network; accepted: the prefix length of the network that it is in", p)
		case a == broadcast(p):
			j.Bad(at, "%s is its network's broadcast address; accepted: another of %s", a, p.Masked())
		case p == p.Masked() && (a.Is4() && p.Bits() < 31 || a.Is6() && p.Bits() < 127): // RFC 3021, RFC 6164; RFC 4291, section 2.6.1
			j.Warn(at, "%s is the address of its network as a whole, which others may not take for a machine's; accepted: another of %s", a, p)
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
	asks := l.DHCP4 || l.DHCP6 != nil && *l.DHCP6
	for i, g := range l.Gateways {
		Gateway(c.Judge, problem.JoinIndex(key+".gateways", i), g, Routed{key, l.Addresses, asks, []string{"addresses", "dhcp4", "dhcp6"}, Has(c.p, g)})
	}
}

// Routed is what an interface has that reaches a router.
type Routed struct {
	// Key is that of its row, which has these addresses.
	Key       string
	Addresses []netip.Prefix
	// Asks: it gets others that are not known here. Sources are the keys of the row by which it has any.
	Asks    bool
	Sources []string
	// Here is the key by which this machine has the router's address itself; "" where it has not, or that is as it should be.
	Here string
}

// Gateway checks that an interface reaches a router, whose address stands at a key, and that it is another's.
func Gateway(j problem.Judge, at string, g netip.Addr, r Routed) {
	reachable := slices.ContainsFunc(r.Addresses, func(p netip.Prefix) bool { return p.Contains(g) })
	addresses := r.Key + ".addresses"
	switch {
	case !somebody(g) || g.IsLoopback() || slices.ContainsFunc(r.Addresses, func(p netip.Prefix) bool { return g == broadcast(p) }):
		j.Of(addresses).Bad(at, "%s is no router's address; accepted: that of one machine in this interface's network", g)
	case slices.ContainsFunc(r.Addresses, func(p netip.Prefix) bool { return g == p.Addr() }):
		j.Of(addresses).Bad(at, "%s is this interface's own address; accepted: the router's", g)
	case r.Here != "":
		j.Of(r.Here).Bad(at, "%s is this machine's own address, by %s; accepted: the router's", g, r.Here)
	case g.Is4() && slices.ContainsFunc(r.Addresses, func(p netip.Prefix) bool { return p.Bits() < 31 && g == p.Masked().Addr() }):
		j.Of(addresses).Warn(at, "%s is the address of its network as a whole, which others may not take for a machine's; accepted: the router's", g)
	case !reachable && !g.IsLinkLocalUnicast() && !r.Asks:
		var keys []string
		for _, source := range r.Sources {
			keys = append(keys, r.Key+"."+source)
		}
		j.Of(keys...).Bad(at, "%s lies in none of this interface's networks (%v)", g, r.Addresses)
	}
}

// Has is the key by which a row gives an interface of a machine an address that is no link's alone; "" where none does.
func Has(m *spec.Machine, a netip.Addr) string {
	all := m.Links()
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
