package link

import (
	"context"
	"net"
	"net/netip"
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

// guard has each IPv4 address of a row looked after exactly while there is carrier: those of the profile, and that of a lease
// from before it is used. Where a cable is back they are asked for anew, and stay meanwhile.
func (w *work) guard(name string, a *active) {
	n, ok := w.state.nic(a.nic)
	wanted := map[netip.Addr]bool{}
	if ok && !w.byHand[name] && a.applied && n.Up && n.Carrier && !n.NoARP {
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
