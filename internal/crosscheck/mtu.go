package crosscheck

import (
	"maps"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// mtus checks that IPv6 has room where it is used, and that nothing sends larger packets than what carries it takes.
func (c *crosser) mtus(all map[string]spec.Link) {
	for _, name := range slices.Sorted(maps.Keys(all)) {
		l := all[name]
		key, mtu := problem.JoinKey(l.Kind, name), spec.CarriedMTU(all, name)
		if l.MTU < 0 || l.MTU > 0 && l.MTU < 68 || l.MTU > 65535 {
			continue // no MTU at all, which was said
		}
		if mtu > 0 && mtu < spec.LeastIPv6 && c.p.IPv6(name, l) {
			c.noRoom(key, mtu, l)
		}
		for _, lower := range l.Lower {
			c.carriedBy(key, name, mtu, lower, all)
		}
	}
}

// noRoom says that a link is too small for the IPv6 that it is to have.
func (c *crosser) noRoom(key string, mtu int, l spec.Link) {
	const way = `accepted: 1280 and up, or sysctl = { "ipv6.disable_ipv6" = 1 } where no IPv6 is wanted`
	j := c.Of(key, "route")
	if l.MTU != 0 {
		j.Bad(key+".mtu", "is %d, and IPv6, which is used here, needs %d (RFC 8200); "+way, mtu, spec.LeastIPv6)
		return
	}
	j.Bad(key, "takes packets of %d bytes, for that is the mtu of %s, and IPv6, which is used here, needs %d (RFC 8200); "+way, mtu, strings.Join(l.Lower, " or "), spec.LeastIPv6)
}

// carriedBy compares a link with one that it is made of.
func (c *crosser) carriedBy(key, name string, mtu int, lower string, all map[string]spec.Link) {
	below, known := all[lower]
	least := spec.CarriedMTU(all, lower)
	if !known || least <= 0 || mtu <= least {
		return
	}
	lowerKey := problem.JoinKey(below.Kind, lower) + ".mtu"
	if all[name].MTU == 0 {
		c.Of(key).Bad(lowerKey, "is %d, less than the %d of %s, which is made of it; accepted: %d and up, or mtu = %d for %s", least, mtu, name, mtu, least, name)
		return
	}
	c.Of(lowerKey).Bad(key+".mtu", "is %d, more than the %d of %s, which carries it; accepted: up to %d, or a larger mtu for %s", mtu, least, lower, least, lower)
}
