package link

import (
	"context"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/arp"
	"github.com/imgbuild/imgbuild/uinit/dhcp"
)

// guarded is an IPv4 address that is looked after.
type guarded struct {
	mac  spec.MAC
	stop context.CancelFunc
	// warned is when it was last told that somebody else used it.
	warned time.Time
}

// warnAgain is how long what happens over and over is not told again.
const warnAgain = time.Hour

// guard has each IPv4 address of a row looked after exactly while there is carrier: those of the profile, and that of a lease
// from before it is used. Where a cable is back they are asked for anew, and stay meanwhile.
func (w *work) guard(name string, a *active) {
	n, ok := w.state.nic(a.nic)
	wanted := map[netip.Addr]bool{}
	if ok && a.applied && n.Up && n.Carrier && !n.NoARP {
		for _, p := range w.rows[name].Addresses {
			wanted[p.Addr()] = p.Addr().Is4()
		}
		for _, l := range []*dhcp.Lease{a.fresh, a.lease} {
			if l != nil {
				wanted[l.Address.Addr()] = true
			}
		}
	}
	for address, g := range a.guarded {
		if !wanted[address] || g.mac != n.Address {
			g.stop()
			delete(a.guarded, address)
		}
	}
	mac, err := net.ParseMAC(string(n.Address))
	if err != nil {
		return
	}
	for address, wants := range wanted {
		if _, has := a.guarded[address]; !has && wants {
			ctx, stop := context.WithCancel(w.ctx)
			g := &guarded{mac: n.Address, stop: stop}
			a.guarded[address] = g
			go w.look(ctx, g, name, address, n.Index, mac)
		}
	}
}

// look looks after one address, until ctx ends.
func (m *Manager) look(ctx context.Context, g *guarded, name string, address netip.Addr, nic int, mac net.HardwareAddr) {
	call := func(f func(*work, *active)) {
		select {
		case <-ctx.Done():
		case m.calls <- func(w *work) {
			// One that was stopped meanwhile has no say.
			if a := w.active[name]; a.guarded[address] == g {
				f(w, a)
			}
		}:
		}
	}
	socket, err := arp.Open(nic, name, mac, address)
	if err == nil {
		closing := context.AfterFunc(ctx, func() { socket.Close() })
		_ = arp.Guard(socket, func(v arp.Verdict, who net.HardwareAddr) {
			call(func(w *work, a *active) { w.judge(name, a, address, v, who) })
		})
		closing()
		socket.Close()
	}
	// Where nobody can be asked, an address is as good as it ever was.
	call(func(w *work, a *active) { w.judge(name, a, address, arp.Free, nil) })
	select {
	case <-ctx.Done():
	case <-time.After(retryClient):
	}
	call(func(_ *work, a *active) { delete(a.guarded, address) })
}

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
	static := slices.ContainsFunc(w.rows[name].Addresses, func(p netip.Prefix) bool { return p.Addr() == address })
	switch leased := is(a.fresh) || is(a.lease); {
	case v == arp.Disputed && time.Since(a.guarded[address].warned) < warnAgain:
	case v == arp.Disputed:
		a.guarded[address].warned = time.Now()
		w.listener.Warn(fmt.Sprintf("%s: another machine, %v, used %v, which was announced again", name, who, address))
	case v == arp.Taken:
		a.taken[address] = who.String()
		if leased && !static {
			if a.asking != nil {
				a.asking.client.Decline(address, who)
			}
			a.lend(nil, true)
		}
	case is(a.fresh):
		a.lease, a.fresh, a.dirty = a.fresh, nil, true
		fallthrough
	case leased:
		// Those that were given back before are of no interest any more.
		maps.DeleteFunc(a.taken, func(x netip.Addr, _ string) bool { return a.guarded[x] == nil })
		fallthrough
	default:
		delete(a.taken, address)
	}
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
