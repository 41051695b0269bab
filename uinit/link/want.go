package link

import (
	"net/netip"
	"slices"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/dhcp"
)

// metricStep separates the routes of rows: the first row by name has the preferred default
// route, and two rows never make the same one.
const metricStep = 100

// once leaves out what is there before: a server may lend an address that the profile gives, and the kernel has it once, for ever.
func once(all []Address) (out []Address) {
	for _, a := range all {
		if !slices.ContainsFunc(out, func(b Address) bool { return a.Prefix.Addr() == b.Prefix.Addr() }) {
			out = append(out, a)
		}
	}
	return out
}

// want is what the interface of a row should have, with its lease if any. place counts rows by name from 0.
func want(name string, e spec.Addressing, place, nic int, lease *dhcp.Lease) Wanted {
	w := Wanted{NIC: nic, Name: name, MTU: e.MTU, MAC: e.MAC}
	metric := metricStep * (place + 1)
	for _, p := range e.Addresses {
		w.Addresses = append(w.Addresses, Address{Prefix: p})
	}
	for _, g := range e.Gateways {
		dst := netip.PrefixFrom(netip.IPv4Unspecified(), 0)
		if g.Is6() {
			dst = netip.PrefixFrom(netip.IPv6Unspecified(), 0)
		}
		w.Routes = append(w.Routes, Route{Dst: dst, Via: g, Metric: metric})
		metric++
	}
	if lease == nil {
		return w
	}
	w.Addresses = append(w.Addresses, Address{Prefix: lease.Address, Until: lease.Expires()})
	for _, r := range lease.Routes {
		via := r.Via
		if via.IsUnspecified() {
			via = netip.Addr{}
		}
		w.Routes = append(w.Routes, Route{Dst: r.Dst, Via: via, Metric: metric})
		metric++
	}
	return w
}
