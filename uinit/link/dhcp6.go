package link

import (
	"context"
	"encoding/hex"
	"errors"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/imgbuild/imgbuild/internal/fact"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/dhcp6/lease"
	"github.com/imgbuild/imgbuild/uinit/link/plan"
)

// asking6 is a DHCPv6 client at work.
type asking6 struct {
	client Client6
	stop   context.CancelFunc
	mac    spec.MAC
	how    how6
}

// how6 is what DHCPv6 is asked for.
type how6 int

const (
	nothing6 how6 = iota
	information6
	address6
)

// how6 is what the row says or, where it leaves that to the routers, what their advertisements do (RFC 4861, section 4.2, M and O).
func (r row) how6(n NIC) how6 {
	managed, other := n.Managed, n.Other
	switch {
	case r.DHCP6 != nil && *r.DHCP6 && other && !managed:
		return information6
	case r.DHCP6 != nil && *r.DHCP6:
		return address6
	case r.DHCP6 != nil || r.RA == nil || !*r.RA:
		return nothing6
	case managed:
		return address6
	case other:
		return information6
	}
	return nothing6
}

// asks6 says that the row wants an answer by DHCPv6 whatever routers say.
func (r row) asks6() bool { return r.AsksDHCP6() }

// asks6 says whether any row may ask.
func asks6(rows map[string]row) bool {
	for _, r := range rows {
		if r.how6(NIC{Managed: true}) != nothing6 {
			return true
		}
	}
	return false
}

// errNoDHCP6 is about a row that asks for what this init cannot do.
var errNoDHCP6 = errors.New("this uinit was built without DHCPv6 (build tag nodhcp6)")

// trouble6 is why a row's lease cannot come.
func (w *work) trouble6(r row) error {
	if w.client6 == nil && r.asks6() {
		return errNoDHCP6
	}
	return nil
}

// runDHCP6 lets a DHCPv6 client run on the link exactly while there is carrier and a link-local address to ask from: one
// that is still tentative cannot be used (RFC 4862, section 5.4).
func (w *work) runDHCP6(name string, a *active) {
	n, ok := w.state.nic(a.nic)
	how := w.rows[name].how6(n)
	local := w.local(a.nic)
	should := ok && !w.byHand[name] && how != nothing6 && w.client6 != nil && a.applied && n.Up && n.Carrier && local.IsValid()
	if a.asking6 != nil && (!should || a.asking6.mac != n.Address || a.asking6.how != how) {
		if a.asking6.how != how && a.lease6 != nil {
			a.lease6, a.dirty = nil, true
		}
		a.halt6()
	}
	if should && a.asking6 == nil {
		mac, err := net.ParseMAC(string(n.Address))
		if err != nil {
			return
		}
		ctx, stop := context.WithCancel(w.ctx)
		a.asking6 = &asking6{client: w.client6(name, mac, hostName, how == information6, func(text string) { w.warn(ctx, text) }), stop: stop, mac: n.Address, how: how}
		go w.ask6(ctx, a.asking6, name, n.Index, local, a.lease6)
	}
}

// detect notices that another machine has the address of a lease. The kernel removes an address with a limit that fails duplicate
// address detection: one that was given and goes before it was ever usable has failed.
func (w *work) detect(a *active) {
	l := a.lease6
	if l == nil || a.given6 != l.Address || a.settled6 {
		return
	}
	i := slices.IndexFunc(w.state.Addresses, func(x Address) bool { return x.NIC == a.nic && x.Prefix.Addr() == l.Address })
	n, _ := w.state.nic(a.nic)
	switch {
	case i >= 0 && !w.state.Addresses[i].Duplicate:
		a.settled6 = !w.state.Addresses[i].Tentative
	case n.Up && a.asking6 != nil:
		a.asking6.client.Decline(l.Address)
		a.lease6, a.given6, a.dirty = nil, netip.Addr{}, true
	}
}

// give remembers what was given to an interface, until it is known whether it may keep it.
func (a *active) give(o Op) {
	if add, ok := o.(AddAddress); ok && add.NIC == a.nic && a.lease6 != nil && add.Prefix.Addr() == a.lease6.Address && a.given6 != a.lease6.Address {
		a.given6, a.settled6 = a.lease6.Address, false
	}
}

// local is an interface's link-local address, once it is usable.
func (w *work) local(nic int) netip.Addr {
	for _, a := range w.state.Addresses {
		if a.NIC == nic && a.Prefix.Addr().Is6() && a.Prefix.Addr().IsLinkLocalUnicast() && !a.Tentative && !a.Duplicate {
			return a.Prefix.Addr()
		}
	}
	return netip.Addr{}
}

// ask6 runs a client until it is stopped or its socket breaks, which is tried again after a while.
func (m *Manager) ask6(ctx context.Context, who *asking6, name string, nic int, local netip.Addr, last *lease.Lease) {
	call := func(f func(*work, *active)) {
		select {
		case <-ctx.Done():
		case m.calls <- func(w *work) {
			// A client that was stopped meanwhile has no say.
			if a := w.active[name]; a.asking6 == who {
				f(w, a)
			}
		}:
		}
	}
	_ = who.client.Run(ctx, nic, local, last, func(l *lease.Lease) {
		call(func(w *work, a *active) {
			if l == nil {
				a.given6 = netip.Addr{}
			}
			a.lease6, a.dirty = w.rows[name].uses6(l), true
		})
	})
	select {
	case <-ctx.Done():
		return
	case <-time.After(retryClient):
	}
	call(func(_ *work, a *active) { a.asking6 = nil })
}

// halt6 stops the row's DHCPv6 client, if there is one.
func (a *active) halt6() {
	if a.asking6 != nil {
		a.asking6.stop()
		a.asking6 = nil
	}
}

// leased6 is a lease's address. Which others are on the link routers say, not the lease.
func leased6(l *lease.Lease) []Address {
	if l == nil || !l.Address.IsValid() {
		return nil
	}
	return []Address{{Prefix: netip.PrefixFrom(l.Address, 128), Until: l.Expires(), Deprecated: l.Start.Add(l.Preferred)}}
}

// facts6 are what is known by DHCPv6 and from routers.
func (v view) facts6() []fact.Fact {
	if v.row.DHCP6 == nil && (v.row.RA == nil || !*v.row.RA) && !v.row.AllRoutes() {
		return nil
	}
	server, address, seconds, ntp := "", "", 0, []string(nil)
	if v.nic != nil && v.lease6 != nil {
		server, seconds, ntp = hex.EncodeToString([]byte(v.lease6.Server)), int(v.lease6.Valid.Seconds()), v.lease6.NTP
		if v.lease6.Address.IsValid() {
			address = v.lease6.Address.String()
		}
	}
	return []fact.Fact{
		plan.DHCP6Server.Of(v.name).Is(server),
		plan.DHCP6Address.Of(v.name).Is(address),
		plan.DHCP6Lease.Of(v.name).Is(seconds),
		plan.DHCP6NTP.Of(v.name).Is(ntp),
		plan.RAManaged.Of(v.name).Is(v.nic != nil && v.nic.Managed),
		plan.RAOther.Of(v.name).Is(v.nic != nil && v.nic.Other),
		plan.RARoutes.Of(v.name).Is(v.advertised()),
	}
}
