package link

import (
	"errors"
	"maps"
	"slices"
)

// see is what everybody may know.
func (w *work) see() map[string]view {
	views := map[string]view{}
	for name, a := range w.active {
		v := view{name: name, row: w.rows[name], applied: a.applied, err: errors.Join(a.err, w.trouble6(w.rows[name]), w.blind, w.deaf, w.resolvErr, w.ruleErr), lease: a.lease, fresh: a.fresh, taken: maps.Clone(a.taken), lease6: a.lease6, repairs: a.repairs, byHand: w.byHand[name], reached: a.reached, mtu: w.mtu(name), wanted: w.want(name, a), master: w.nameOf(a.nic, masterOf), active: w.nameOf(a.nic, activeOf), ports: w.ports(a.nic)}
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

// tell reports what is known.
func (w *work) tell(views map[string]view) {
	for name, v := range views {
		w.tellNews(name, v.news())
		w.active[name].tellMTU(v, w.listener)
		for _, f := range v.facts() {
			w.listener.Fact(f)
		}
	}
}
