package profile

import (
	"net/netip"
	"slices"

	"github.com/imgbuild/imgbuild/internal/crosscheck"
	"github.com/imgbuild/imgbuild/internal/features"
	"github.com/imgbuild/imgbuild/uinit/graph"
)

// ports holds servers to ports that there are, each its own.
func (c *crosser) ports() {
	var all []graph.Listener
	for _, f := range features.All() {
		if f.Listens != nil {
			all = append(all, f.Listens(&c.p.Machine)...)
		}
	}
	// In the order of the profile: it is the later one that is in the way.
	slices.SortStableFunc(all, func(a, b graph.Listener) int { return c.p.At(a.Key).Line - c.p.At(b.Key).Line })
	for i, l := range all {
		if l.Port < 1 || l.Port > 65535 {
			c.Bad(l.Key, "is %d; accepted: 1 to 65535", l.Port)
		}
		if l.Listen != "" {
			c.listen(l)
		}
		for _, other := range all[:i] {
			if other.Port == l.Port && meet(other.Addresses, l.Addresses) {
				way := "other addresses to listen on"
				if l.Sign || other.Sign {
					way = "file in place of port as the service's sign: whoever listens there first makes both look ready"
				}
				c.Of(other.Key).Bad(l.Key, "port %d is that of %s (%s); accepted: another port, or %s", l.Port, other.Server, c.p.At(other.Key), way)
			}
		}
	}
}

// listen holds a server's addresses to those that the machine has.
func (c *crosser) listen(l graph.Listener) {
	crosscheck.Listen(c.Judge, &c.p.Machine, l.Listen, l.Addresses, "nobody reaches "+l.Server)
	for i, a := range l.Addresses {
		if a.IsUnspecified() {
			c.Bad(joinIndex(l.Listen, i), "%s is no address; accepted: addresses of this machine, or no listen for all", a)
		}
	}
}

// meet says whether two servers listen on one address; none stands for all.
func meet(a, b []netip.Addr) bool {
	all := func(list []netip.Addr) bool {
		return len(list) == 0 || slices.ContainsFunc(list, netip.Addr.IsUnspecified)
	}
	return all(a) || all(b) || slices.ContainsFunc(a, func(x netip.Addr) bool { return slices.Contains(b, x) })
}
