package link

import (
	"fmt"
	"net/netip"
	"slices"
)

// lack is what a link is without, and how often it was asked for, " (4 sent)"; the zero value is nothing.
type lack struct{ what, asked string }

func (l lack) text(counted bool) string {
	if counted {
		return l.what + l.asked
	}
	return l.what
}

// unaddressed says what is missing of leases, addresses and routes. What a link has already is a way in for whoever has to find
// out why the rest does not come.
func (v view) unaddressed(counted bool) string {
	four, six := v.lacks4(), v.lacks6()
	switch has4, has6 := v.has(netip.Addr.Is4), v.has(netip.Addr.Is6); {
	case four.what != "" && six.what != "":
		return four.text(counted) + "; " + six.text(counted)
	case four.what != "" && has6 != "":
		return "no IPv4, has " + has6 + ": " + four.text(counted)
	case six.what != "" && has4 != "":
		return "no IPv6, has " + has4 + ": " + six.text(counted)
	}
	return four.text(counted) + six.text(counted)
}

// has is a usable address of a family by which more than the link can be reached; "" is none.
func (v view) has(family func(netip.Addr) bool) string {
	for _, a := range v.addresses {
		if ip := a.Prefix.Addr(); family(ip) && !ip.IsLinkLocalUnicast() && !a.Tentative && !a.Duplicate {
			return ip.String()
		}
	}
	return ""
}

func (v view) lacks4() lack {
	if !v.row.DHCP4 || v.lease != nil {
		return lack{what: v.unreached(netip.Addr.Is4)}
	}
	if v.asking != nil {
		if what, asked := v.asking(); what != "" {
			return lack{what, asked}
		}
	}
	if v.fresh != nil {
		return lack{what: fmt.Sprintf("asking on %s whether another machine has %v", v.name, v.fresh.Address.Addr())}
	}
	return lack{what: "no DHCP lease on " + v.name}
}

func (v view) lacks6() lack {
	if !v.row.asks6() || v.lease6 != nil {
		if what := v.unreached(netip.Addr.Is6); what != "" {
			return lack{what: what}
		}
		return lack{what: v.waitingForRouter()}
	}
	if v.asking6 == nil {
		return lack{what: "link-local address is tentative on " + v.name}
	}
	if what, asked := v.asking6(); what != "" {
		return lack{what, asked}
	}
	return lack{what: "no DHCPv6 lease on " + v.name}
}

// unreached says what is missing of a family's addresses and routes. An address by DHCPv6 that only routers speak of is no more
// than a further one of theirs.
func (v view) unreached(family func(netip.Addr) bool) string {
	for _, want := range v.wanted.Addresses {
		ip := want.Prefix.Addr()
		if further := v.lease6 != nil && v.lease6.Address == ip && !v.row.asks6(); further || !family(ip) {
			continue
		}
		i := slices.IndexFunc(v.addresses, func(a Address) bool { return a.Prefix == want.Prefix })
		if i < 0 {
			return fmt.Sprintf("no address %v on %s", ip, v.name)
		}
		if v.addresses[i].Tentative {
			return fmt.Sprintf("address %v is tentative on %s", ip, v.name)
		}
	}
	for _, want := range v.wanted.Routes {
		if want.Dst.Bits() == 0 && family(want.Dst.Addr()) && !hasRoute(v.routes, Route{NIC: v.nic.Index, Dst: want.Dst, Via: want.Via, Metric: want.Metric, Table: want.Table}) {
			return fmt.Sprintf("no default route by %v on %s", want.Via, v.name)
		}
	}
	return ""
}

// waitingForRouter says what is missing of an address and a router by router advertisement. Further addresses may come later.
func (v view) waitingForRouter() string {
	if v.row.RA == nil || !*v.row.RA {
		return ""
	}
	routed := slices.ContainsFunc(v.routes, func(r Route) bool { return r.Dst.Addr().Is6() && r.Dst.Bits() == 0 && r.Via.IsValid() && r.Table == 0 })
	switch {
	case !routed && v.row.UsesRoutes():
		return "no router advertisement on " + v.name
	case v.has(netip.Addr.Is6) != "":
		return ""
	}
	for _, a := range v.addresses {
		if ip := a.Prefix.Addr(); ip.Is6() && !ip.IsLinkLocalUnicast() && a.Tentative && !a.Duplicate {
			return fmt.Sprintf("address %v is tentative on %s", ip, v.name)
		}
	}
	return "no IPv6 address on " + v.name
}
