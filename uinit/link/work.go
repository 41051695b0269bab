package link

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/imgbuild/imgbuild/internal/order"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/dhcp"
	"github.com/imgbuild/imgbuild/uinit/dhcp6"
)

// work is what the manager's goroutine knows; nobody else touches it.
type work struct {
	*Manager
	state    State
	assigned map[string]int
	active   map[string]*active
	// blind is why the kernel's state could not be read, if so.
	blind error
	// deaf is why routers are not heard, if so.
	deaf error
	// facts are those last told.
	facts map[string]any
	// resolved: resolv.conf is ours; resolvErr is why it could not be written.
	resolved  bool
	resolvErr error
	// ruleErr is what the kernel refused of rules.
	ruleErr error
	// learnt is what routers said of name servers.
	learnt []learnt
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
	// below are the indexes of its master and of what it is made of.
	below []int
	err   error
	lease *dhcp.Lease
	// lease6 is of DHCPv6, or what it said without an address.
	lease6 *dhcp6.Lease
	// given6 is the address of it that the interface was given last; settled6: nobody else has it.
	given6   netip.Addr
	settled6 bool
	// pollUntil ends the search for carrier.
	pollUntil time.Time
	asking    *asking
	asking6   *asking6
	// attached: there is carrier; detached: there was some before. stopSoliciting ends a search for routers.
	attached, detached bool
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
	w := &work{Manager: m, active: map[string]*active{}, facts: map[string]any{}}
	advertisements, err := m.hear(m.ctx)
	if err != nil {
		w.deaf = err
	}
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
		w.active[name] = &active{dirty: true}
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
		w.lend(name, a)
		w.lend6(name, a)
	}
	w.rule()
	w.resolve()
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
	for name, a := range w.active {
		if nic := w.assigned[name]; nic != a.nic {
			// A lease belongs to a hardware address.
			a.nic, a.dirty, a.applied, a.lease, a.lease6, a.err = nic, nic != 0, false, nil, nil, nil
			a.halt()
			a.halt6()
		}
		w.roam(name, a)
		if below := w.below(name); !slices.Equal(below, a.below) {
			a.below, a.dirty = below, true
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

// apply changes the kernel's state to what all links want. A change that fails is reported and the
// next ones are tried: half a network is better than none for whoever has to repair it.
func (w *work) apply() {
	var wants []Wanted
	for name, a := range w.active {
		if a.dirty && w.possible(name, a) {
			wants = append(wants, w.want(name, a))
		}
	}
	order.By(wants, func(a, b Wanted) int {
		return cmp.Or(w.rows[a.Name].depth-w.rows[b.Name].depth, a.NIC-b.NIC, strings.Compare(a.Name, b.Name))
	})
	failed := map[int][]error{}
	notMade := map[string]error{}
	for _, op := range Plan(wants, w.state, time.Now()) {
		if err := w.kernel.Do(op); err != nil {
			if made, ok := op.(AddDevice); ok {
				notMade[made.Name] = err
			}
			failed[op.nic()] = append(failed[op.nic()], err)
			continue
		}
		for _, a := range w.active {
			a.give(op)
		}
	}
	for name, a := range w.active {
		if !a.dirty || !w.possible(name, a) {
			continue
		}
		if a.nic == 0 {
			a.dirty, a.err = false, notMade[name]
			continue
		}
		if !a.applied {
			a.pollUntil = time.Now().Add(pollFor)
		}
		a.dirty, a.applied, a.err = false, true, errors.Join(failed[a.nic]...)
	}
}

func (w *work) want(name string, a *active) Wanted {
	names := slices.Sorted(maps.Keys(w.rows))
	r := w.rows[name]
	out := want(name, r.Addressing, slices.Index(names, name), a.nic, a.lease)
	out.Addresses = append(out.Addresses, leased6(a.lease6)...)
	out.Routes = append(out.Routes, r.routes...)
	return w.stack(out, r)
}

func (w *work) missesCarrier() bool {
	for _, a := range w.active {
		if n, ok := w.state.nic(a.nic); ok && a.applied && !n.Carrier && time.Now().Before(a.pollUntil) {
			return true
		}
	}
	return false
}

// see is what everybody may know.
func (w *work) see() map[string]view {
	views := map[string]view{}
	for name, a := range w.active {
		v := view{name: name, row: w.rows[name], applied: a.applied, err: errors.Join(a.err, w.blind, w.deaf, w.resolvErr, w.ruleErr), lease: a.lease, lease6: a.lease6, repairs: a.repairs, reached: a.reached, wanted: w.want(name, a), master: w.nameOf(a.nic, masterOf), active: w.nameOf(a.nic, activeOf), ports: w.ports(a.nic)}
		if a.asking != nil {
			v.asking = a.asking.client.Waiting
		}
		if a.asking6 != nil {
			v.asking6 = a.asking6.client.Waiting
		}
		if n, ok := w.state.nic(a.nic); ok {
			v.nic = &n
			v.addresses = slices.DeleteFunc(slices.Clone(w.state.Addresses), func(x Address) bool { return x.NIC != a.nic })
			v.routes = slices.DeleteFunc(slices.Clone(w.state.Routes), func(x Route) bool { return x.NIC != a.nic })
		}
		views[name] = v
	}
	return views
}

// tell reports the facts that changed.
func (w *work) tell(views map[string]view) {
	for name, v := range views {
		for key, value := range v.facts() {
			w.tellOne("link."+name+"."+key, value)
		}
	}
}

func (w *work) tellOne(key string, value any) {
	if old, told := w.facts[key]; !told || !reflect.DeepEqual(old, value) {
		w.facts[key] = value
		w.fact(key, value)
	}
}

func (w *work) resolve() {
	var r resolver
	for _, name := range slices.Sorted(maps.Keys(w.active)) {
		a := w.active[name]
		r.add(w.rows[name].DNS, a.lease)
		if l := a.lease6; l != nil {
			r.learn(name, l.DNS, l.Domains)
		}
		if row := w.rows[name]; row.RA == nil || *row.RA {
			for _, l := range w.learnt {
				if l.nic == a.nic {
					r.learnOne(name, l)
				}
			}
		}
	}
	w.resolved, w.resolvErr = r.write(w.resolvConf, w.resolved)
	servers := make([]string, len(r.servers))
	for i, s := range r.servers {
		servers[i] = s.String()
	}
	w.tellOne("resolver.servers", servers)
	w.tellOne("resolver.search", append([]string{}, r.search...))
}

// asking is a DHCP client at work.
type asking struct {
	client *dhcp.Client
	stop   context.CancelFunc
	mac    spec.MAC
}

// halt stops the row's client, if there is one.
func (a *active) halt() {
	if a.asking != nil {
		a.asking.stop()
		a.asking = nil
	}
}
