package link

import (
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/imgbuild/imgbuild/uinit/arp"
	"github.com/imgbuild/imgbuild/uinit/dhcp"
)

// warnAgain is how long what happens over and over is not told again.
const warnAgain = time.Hour

// mostTaken bounds how many addresses are known that others have: a neighbour may claim all that servers lend.
const mostTaken = 16

// lend takes what a DHCP client has to say. A lease of another address than before is not used until nobody else has it.
func (a *active) lend(l *dhcp.Lease, ask bool) {
	switch {
	case l == nil:
		a.lease, a.fresh = nil, nil
	case !ask || a.lease != nil && a.lease.Address == l.Address:
		a.lease, a.fresh = l, nil
	default:
		a.fresh = l
	}
	a.dirty = true
}

// judge does what follows from what is known of an address. A lease is given back to the server; what the profile gives is used
// all the same, for whoever has to repair it, and told.
func (w *work) judge(name string, a *active, address netip.Addr, v arp.Verdict, who net.HardwareAddr) {
	is := func(l *dhcp.Lease) bool { return l != nil && l.Address.Addr() == address }
	switch leased := is(a.fresh) || is(a.lease); {
	case v == arp.Disputed && time.Since(a.guarded[address].warned) < warnAgain:
	case v == arp.Disputed:
		a.guarded[address].warned = time.Now()
		w.listener.Warn(fmt.Sprintf("%s: another machine, %v, used %v, which was announced again", name, who, address))
	case v == arp.Taken:
		if len(a.taken) >= mostTaken {
			a.forgive()
		}
		a.taken[address] = who.String()
		if leased {
			if a.asking != nil {
				a.asking.client.Decline(address, who)
			}
			a.lend(nil, true)
		}
	case is(a.fresh):
		a.lease, a.fresh, a.dirty = a.fresh, nil, true
		fallthrough
	case leased:
		a.forgive()
		fallthrough
	default:
		delete(a.taken, address)
	}
}

// forgive forgets addresses that were given back: with another one they are of no interest any more.
func (a *active) forgive() {
	maps.DeleteFunc(a.taken, func(x netip.Addr, _ string) bool { return a.guarded[x] == nil })
}

// conflicts are the IPv4 addresses that others have, each with that machine's hardware address, sorted.
func (v view) conflicts() []string {
	all := []string{}
	for a, who := range v.taken {
		all = append(all, a.String()+" "+who)
	}
	slices.Sort(all)
	return all
}

// contested says which addresses of the profile others have as well.
func (v view) contested() string {
	var all []string
	for _, p := range v.row.Addresses {
		if who, taken := v.taken[p.Addr()]; taken {
			all = append(all, fmt.Sprintf("%v of %s belongs to another machine as well, %s", p.Addr(), v.name, who))
		}
	}
	return strings.Join(all, "; ")
}
