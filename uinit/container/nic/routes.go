package nic

import (
	"errors"
	"net/netip"
	"slices"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/uinit/dhcp"
)

// route is one by this interface; place counts those of the interface from 0. An unspecified router is none: the destination is on the
// wire. One that lies in none of the interface's networks is on it all the same.
func (n *card) route(to netip.Prefix, via netip.Addr, place int, networks []netip.Prefix) *netlink.Route {
	r := &netlink.Route{LinkIndex: n.index, Dst: ipNet(to), Priority: n.metric + place, Protocol: unix.RTPROT_STATIC}
	if via.IsUnspecified() {
		r.Scope = netlink.SCOPE_LINK
		return r
	}
	r.Gw = via.AsSlice()
	if !via.IsLinkLocalUnicast() && !slices.ContainsFunc(networks, func(p netip.Prefix) bool { return p.Contains(via) }) {
		r.Flags = int(netlink.FLAG_ONLINK)
	}
	return r
}

// routes are those of a lease, after those of the profile; none where it is nil.
func (n *card) routes(l *dhcp.Lease) (all []*netlink.Route) {
	if l == nil {
		return nil
	}
	networks := append(slices.Clone(n.row.Addresses), l.Address)
	for i, r := range l.Routes {
		all = append(all, n.route(r.Dst, r.Via, len(n.row.Gateways)+i, networks))
	}
	return all
}

// unroute takes a route away. The kernel does by itself when the address goes.
func (n *card) unroute(r *netlink.Route) error {
	if err := n.ns.RouteDel(r); err != nil && !errors.Is(err, unix.ESRCH) && !errors.Is(err, unix.ENODEV) {
		return err
	}
	return nil
}

func contains(all []*netlink.Route, r *netlink.Route) bool {
	return slices.ContainsFunc(all, func(o *netlink.Route) bool { return o.Equal(*r) })
}
