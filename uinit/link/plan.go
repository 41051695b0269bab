package link

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"time"
)

// slack is by how much the limit of an address may differ from the wanted one: the kernel counts it in
// whole seconds.
const slack = 2 * time.Second

// Plan lists the changes that turn what the kernel has into what is wanted, at the moment now. Applied to the result it
// lists none. It leaves alone what others made: addresses without a limit, IPv6 addresses from router
// advertisements, routes that are not Ours.
func Plan(want []Wanted, have State, now time.Time) []Op {
	p := planner{want: want, have: have, now: now}
	for _, w := range want {
		if n, ok := have.nic(w.NIC); ok && w.Device == nil {
			p.rename(n, w.Name)
		}
	}
	for _, w := range want {
		if w.Device != nil {
			p.make(w)
		}
	}
	for _, w := range want {
		if n, ok := p.have.nic(w.NIC); ok && (w.Device == nil || w.Device.is(n)) {
			p.configure(n, w)
		}
	}
	return p.ops
}

// planner follows the names while they change.
type planner struct {
	want []Wanted
	have State
	now  time.Time
	ops  []Op
}

func (p *planner) do(o Op) { p.ops = append(p.ops, o) }

// rename makes room first: whoever has the name keeps a neutral one until its own turn comes.
func (p *planner) rename(n NIC, name string) {
	n, _ = p.have.nic(n.Index)
	if n.Name == name {
		return
	}
	if other, occupied := p.have.named(name); occupied {
		p.move(other, p.free(other), other.Up && !p.wanted(other))
	}
	p.move(n, name, false)
}

func (p *planner) wanted(n NIC) bool {
	return slices.ContainsFunc(p.want, func(w Wanted) bool { return w.NIC == n.Index })
}

// free is a name that nobody has and nobody wants.
func (p *planner) free(n NIC) string {
	for i := n.Index; ; i++ {
		name := fmt.Sprintf("nic%d", i)
		_, has := p.have.named(name)
		if !has && !slices.ContainsFunc(p.want, func(w Wanted) bool { return w.Name == name }) {
			return name
		}
	}
}

// move renames one interface. The kernel refuses that while it is up.
func (p *planner) move(n NIC, name string, upAgain bool) {
	if n.Up {
		p.do(SetUp{n.Index, n.Name, false})
	}
	p.do(Rename{n.Index, n.Name, name})
	if upAgain {
		p.do(SetUp{n.Index, name, true})
	}
	if n.Up {
		p.lost(n)
	}
	n.Name, n.Up = name, n.Up && upAgain
	p.note(n)
}

// lost: taking an interface down took its routes and IPv6 addresses along, and those of the VLANs that it carries.
func (p *planner) lost(n NIC) {
	for _, v := range p.have.NICs {
		if v.Kind == "vlan" && v.Parent == n.Index {
			p.lost(v)
		}
	}
	p.have.Routes = slices.DeleteFunc(slices.Clone(p.have.Routes), func(r Route) bool { return r.NIC == n.Index })
	p.have.Addresses = slices.DeleteFunc(slices.Clone(p.have.Addresses), func(a Address) bool {
		return a.NIC == n.Index && a.Prefix.Addr().Is6()
	})
}

// identify gives an interface the wanted hardware address. A bridge that has it by chance is given it all the same: the kernel
// would choose another one with the next port.
func (p *planner) identify(n NIC, w Wanted) NIC {
	if assigned, ok := n.Tuning[addressIs]; w.MAC == "" || n.Address == w.MAC && (n.Kind != "bridge" || !ok || assigned == addressSet) {
		return n
	}
	if n.Up {
		p.do(SetUp{n.Index, n.Name, false})
		p.lost(n)
		n.Up = false
	}
	p.do(SetMAC{n.Index, n.Name, w.MAC})
	n.Address = w.MAC
	p.note(n)
	return n
}

// note is what an interface is like from now on. It copies: the caller's state is a value.
func (p *planner) note(n NIC) {
	p.have.NICs = slices.Clone(p.have.NICs)
	for i := range p.have.NICs {
		if p.have.NICs[i].Index == n.Index {
			p.have.NICs[i] = n
		}
	}
}

func (p *planner) configure(n NIC, w Wanted) {
	for _, key := range slices.Sorted(maps.Keys(w.Settings)) {
		if n.Settings[key] != w.Settings[key] {
			p.do(Set{n.Index, n.Name, key, w.Settings[key]})
		}
	}
	if w.Device != nil {
		want := w.Device.tuning()
		for _, key := range slices.Sorted(maps.Keys(want)) {
			if value, ok := n.Tuning[key]; ok && value != want[key] {
				p.do(Tune{n.Index, n.Name, key, want[key]})
			}
		}
	}
	if w.ARP != nil && *w.ARP == n.NoARP {
		p.do(SetARP{n.Index, n.Name, *w.ARP})
	}
	if w.Device == nil {
		n = p.identify(n, w)
	}
	if w.MasterName != "" {
		n = p.enslave(n, w)
		if n.Master == 0 {
			return // an interface that is up before it joins would ask for addresses of its own
		}
	}
	if primary, ok := p.have.named(w.PrimaryName); ok && primary.Master == n.Index && n.Primary != primary.Index {
		p.do(SetPrimary{n.Index, n.Name, primary.Index, primary.Name})
	}
	if w.MTU != 0 && n.MTU != w.MTU {
		p.do(SetMTU{n.Index, n.Name, w.MTU})
	}
	if !n.Up {
		p.do(SetUp{n.Index, n.Name, true})
	}
	// What goes, goes first: a route may depend on an address, and a new lease may lie in the old one's network.
	for _, r := range p.have.Routes {
		if r.NIC == n.Index && r.Ours && !hasRoute(w.Routes, r) {
			p.do(RemoveRoute{n.Name, r})
		}
	}
	for _, a := range p.have.Addresses {
		if a.NIC == n.Index && a.leased() && !slices.ContainsFunc(w.Addresses, func(b Address) bool { return a.Prefix == b.Prefix }) {
			p.do(RemoveAddress{n.Index, n.Name, a.Prefix})
		}
	}
	for _, a := range w.Addresses {
		if !p.hasAddress(n, a) {
			p.do(AddAddress{n.Index, n.Name, a.Prefix, a.Until, a.left(p.now), a.preferred(p.now), w.Portless && a.Prefix.Addr().Is6()})
		}
	}
	for _, r := range w.Routes {
		r.NIC, r.Ours = n.Index, true
		if !hasRoute(p.have.Routes, r) && p.has(w, r.Source) {
			p.do(AddRoute{n.Name, r, r.Via.IsValid() && !reached(w.Addresses, r)})
		}
	}
}

// has says that an address is the box's. The kernel takes no route with another one; that of a link which is not up yet
// comes later, and the route with it.
func (p *planner) has(w Wanted, source netip.Addr) bool {
	is := func(a Address) bool { return a.Prefix.Addr() == source }
	return !source.IsValid() || slices.ContainsFunc(w.Addresses, is) || slices.ContainsFunc(p.have.Addresses, is)
}

// leased: only leases have a limit among IPv4 addresses, so one that uinit's predecessor left behind is
// known as well. Among IPv6 addresses those of router advertisements have one, too, but with the length of their network.
func (a Address) leased() bool {
	return !a.Until.IsZero() && (a.Prefix.Addr().Is4() || a.Prefix.Bits() == 128)
}

func (a Address) preferred(now time.Time) time.Duration {
	if a.Deprecated.IsZero() {
		return a.left(now)
	}
	return max(a.Deprecated.Sub(now), 0)
}

func (a Address) left(now time.Time) time.Duration {
	if a.Until.IsZero() {
		return 0
	}
	return max(a.Until.Sub(now), time.Second)
}

func (p *planner) hasAddress(n NIC, want Address) bool {
	return slices.ContainsFunc(p.have.Addresses, func(a Address) bool {
		return a.NIC == n.Index && a.Prefix == want.Prefix &&
			a.Until.IsZero() == want.Until.IsZero() && a.Until.Sub(want.Until).Abs() <= slack &&
			(want.Deprecated.IsZero() || (a.preferred(p.now)-want.preferred(p.now)).Abs() <= slack)
	})
}

func hasRoute(routes []Route, want Route) bool {
	return slices.ContainsFunc(routes, func(r Route) bool {
		return (want.NIC == r.NIC || r.NIC == 0) && r.Dst == want.Dst && r.Via == want.Via && r.Metric == want.Metric &&
			r.Table == want.Table && (r.Source == want.Source || !want.Source.IsValid())
	})
}

// reached says that the router lies in the network of an address, or is link-local.
func reached(addresses []Address, r Route) bool {
	return r.Via.IsLinkLocalUnicast() || slices.ContainsFunc(addresses, func(a Address) bool { return a.Prefix.Contains(r.Via) })
}
