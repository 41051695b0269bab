package link

import (
	"context"
	"net/netip"
	"slices"
	"time"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/dhcp"
	"github.com/imgbuild/imgbuild/uinit/dhcp6/lease"
)

// work is what the manager's goroutine knows; nobody else touches it.
type work struct {
	*Manager
	state    State
	assigned map[string]int
	// macs are the addresses of hardware, by row, also of what has gone.
	macs   map[string]spec.MAC
	active map[string]*active
	// blind is why the kernel's state could not be read, if so.
	blind error
	// deaf is why routers are not heard, if so.
	deaf error
	// heard is what others heard of a link last.
	heard map[string]heard
	// resolved: resolv.conf is ours; wrote is what was written there last, and resolvErr why it could not be.
	resolved  bool
	wrote     string
	resolvErr error
	// ruleErr is what the kernel refused of rules.
	ruleErr error
	// learnt is what routers said of name servers.
	learnt []learnt
	// byHand are rows that are left to a person.
	byHand map[string]bool
}

// active is a row that Configure was called for.
type active struct {
	nic     int
	applied bool
	// dirty: what is wanted has changed since it was last applied.
	dirty bool
	// mends are those since mended, repairs all there were: changes of others that were undone.
	mends, repairs int
	mended         time.Time
	// below are the indexes of its master and of what it is made of; mac is the hardware address that follows from these.
	below []int
	mac   spec.MAC
	// ownMTU is what the device had before a DHCP server said less; 0 while it has that.
	ownMTU int
	// toldMTU is what was told of the largest packet last.
	toldMTU string
	// refused is what the kernel had against the largest packet; err what else went wrong.
	refused, err error
	// lease is in use; fresh is one of which it is being asked whether another machine has its address.
	lease, fresh *dhcp.Lease
	// guarded are the IPv4 addresses that are looked after, taken those that others have, with whose they are.
	guarded map[netip.Addr]*guarded
	taken   map[netip.Addr]string
	// lease6 is of DHCPv6, or what it said without an address.
	lease6 *lease.Lease
	// given6 is the address of it that the interface was given last; settled6: nobody else has it.
	given6   netip.Addr
	settled6 bool
	// pollUntil ends the search for carrier.
	pollUntil time.Time
	asking    *asking
	asking6   *asking6
	// attached: there is carrier; detached: there was some before. stopSoliciting ends a search for routers.
	attached, detached bool
	// flooded: routers name too many routes.
	flooded bool
	// reached: the far end of a probe has answered; stopProbing ends the search for it.
	reached        bool
	stopProbing    context.CancelFunc
	stopSoliciting context.CancelFunc
}

// run starts the goroutine.
func (m *Manager) run() {
	changes, err := m.watch(m.ctx)
	if err != nil {
		m.publish(nil, err)
		return
	}
	w := &work{Manager: m, active: map[string]*active{}, macs: map[string]spec.MAC{}, heard: map[string]heard{}, byHand: map[string]bool{}}
	advertisements, err := m.hear(m.ctx)
	if err != nil {
		w.deaf = err
	}
	w.recall()
	go w.loop(changes, advertisements)
}

func (w *work) loop(changes <-chan struct{}, advertisements <-chan advertised) {
	for {
		var poll <-chan time.Time
		if w.missesCarrier() {
			poll = time.After(pollCarrier)
		}
		var look <-chan time.Time
		if w.states() {
			look = time.After(lookForDrift)
		}
		select {
		case <-look:
		case <-w.ctx.Done():
			w.stopAll()
			w.publish(w.see(), nil)
			return
		case call := <-w.calls:
			call(w)
		case <-changes:
		case o := <-advertisements:
			w.learnt = learn(w.learnt, o, time.Now())
		case <-nextForgotten(w.learnt):
			w.learnt = forget(w.learnt, time.Now())
		case <-poll:
		}
		w.step()
	}
}

func (w *work) begin(name string) {
	if w.active[name] == nil {
		w.active[name] = &active{dirty: true, guarded: map[netip.Addr]*guarded{}, taken: map[netip.Addr]string{}}
	}
}

// step observes, does what is to be done, and publishes.
func (w *work) step() {
	if w.blind = w.observe(); w.blind == nil {
		w.drift()
	}
	// What is made in one round is configured, and carries the next ones, in the following.
	for round := 0; w.blind == nil && w.dirty() && round <= 2*len(w.rows); round++ {
		w.apply()
		w.blind = w.observe()
	}
	if w.blind != nil {
		w.publish(w.see(), nil)
		return
	}
	for name, a := range w.active {
		w.runDHCP(name, a)
		w.runDHCP6(name, a)
		w.guard(name, a)
	}
	if len(w.byHand) == 0 {
		w.rule()
		w.resolve()
	}
	views := w.see()
	for name, v := range views {
		w.probe(name, w.active[name], v)
	}
	w.tell(views)
	w.publish(views, nil)
}

// observe reads the kernel's state and notices what became of each link's interface.
func (w *work) observe() error {
	state, err := w.kernel.Observe()
	if err != nil {
		return err
	}
	w.state = state
	w.assign()
	w.remember()
	for name, a := range w.active {
		if nic := w.assigned[name]; nic != a.nic {
			// A lease belongs to a hardware address.
			a.nic, a.dirty, a.applied, a.lease, a.lease6, a.err, a.ownMTU = nic, nic != 0, false, nil, nil, nil, 0
			a.halt()
			a.halt6()
		}
		w.roam(name, a)
		w.flood(name, a)
		if below, mac := w.below(name), w.address(name); !slices.Equal(below, a.below) || mac != a.mac {
			a.below, a.mac, a.dirty = below, mac, true
		}
		if a.lease != nil && !time.Now().Before(a.lease.Expires()) {
			a.lease, a.dirty = nil, true
		}
		w.detect(a)
		if l := a.lease6; l != nil && l.Address.IsValid() && !time.Now().Before(l.Expires()) {
			a.lease6, a.dirty = nil, true
		}
	}
	return nil
}

func (w *work) dirty() bool {
	for name, a := range w.active {
		if a.dirty && w.possible(name, a) {
			return true
		}
	}
	return false
}

func (w *work) missesCarrier() bool {
	for _, a := range w.active {
		if n, ok := w.state.nic(a.nic); ok && a.applied && !n.Carrier && time.Now().Before(a.pollUntil) {
			return true
		}
	}
	return false
}
