package link

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/imgbuild/imgbuild/internal/order"
)

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
	failed, refused := map[int][]error{}, map[int]error{}
	notMade := map[string]error{}
	for _, op := range Plan(wants, w.state, time.Now()) {
		if err := w.kernel.Do(op); err != nil {
			if made, ok := op.(AddDevice); ok {
				notMade[made.Name] = err
			}
			if _, size := op.(SetMTU); size { // with another one it is of use all the same
				refused[op.nic()] = err
				continue
			}
			failed[op.nic()] = append(failed[op.nic()], err)
			continue
		}
		w.resized(op)
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
		a.dirty, a.applied, a.err, a.refused = false, true, errors.Join(failed[a.nic]...), refused[a.nic]
	}
}

func (w *work) want(name string, a *active) Wanted {
	names := slices.Sorted(maps.Keys(w.rows))
	r := w.rows[name]
	out := want(name, r.Addressing, slices.Index(names, name), a.nic, a.lease)
	out.Addresses = once(append(out.Addresses, leased6(a.lease6)...))
	out.Routes = append(out.Routes, r.routes...)
	out.MAC, out.Portless = w.chosen(name), r.portless
	out.MTU = w.mtu(name).bytes
	out = w.stack(out, r)
	if a.flooded {
		out.Settings[takesRoutes] = "0"
	}
	return out
}
