package link

import (
	"maps"
	"slices"

	"github.com/imgbuild/imgbuild/internal/order"
)

// assign finds the interface of each row: hardware by what it is, the others by their names.
func (w *work) assign() {
	nics := slices.DeleteFunc(slices.Clone(w.state.NICs), func(n NIC) bool {
		r, named := w.rows[n.Name]
		return n.Virtual && named && r.device != nil
	})
	// What nobody has asked for yet may become another's: not all drivers have found theirs by then.
	before := map[string]int{}
	for name, index := range w.assigned {
		if w.rows[name].device == nil && w.active[name] != nil {
			before[name] = index
		}
	}
	w.assigned = assign(w.ethernet, nics, before)
	// A VLAN is known by its parent, so what lies below comes first.
	names := slices.Collect(maps.Keys(w.rows))
	order.By(names, func(a, b string) int { return w.rows[a].depth - w.rows[b].depth })
	for _, name := range names {
		r := w.rows[name]
		if r.device == nil {
			continue
		}
		if n, ok := w.state.named(name); ok && n.Kind == r.device.Kind && w.device(r).is(n) {
			w.assigned[name] = n.Index
		}
	}
}

// device is a row's with its parent's index, if that is there.
func (w *work) device(r row) Device {
	d := *r.device
	if d.ParentName != "" {
		d.Parent = w.assigned[d.ParentName]
	}
	return d
}

// possible says whether something can be done for a row now: a VLAN cannot be made without its parent,
// nor brought up while that is down.
func (w *work) possible(name string, a *active) bool {
	r := w.rows[name]
	switch {
	case w.byHand[name]:
		return false
	case r.device == nil:
		return a.nic != 0
	case r.device.ParentName == "":
		return true
	}
	parent, _ := w.state.nic(w.assigned[r.device.ParentName])
	return parent.Up
}

// below are the indexes of the interfaces that decide what the row needs besides itself, and what they leave of its MTU.
func (w *work) below(name string) []int {
	r := w.rows[name]
	all := []int{w.assigned[r.Master]}
	for _, lower := range r.Lower {
		all = append(all, w.assigned[lower])
	}
	if r.Kind == "bond" {
		// The preferred port can be named once it has joined.
		n, _ := w.state.named(w.rows[name].device.Bond.Primary)
		all = append(all, n.Master)
	}
	return append(all, w.mtu(name).bytes)
}

// stack adds to what a row wants how it stands to the others.
func (w *work) stack(want Wanted, r row) Wanted {
	want.Settings, want.ARP = settings(r.Link), r.ARP
	want.MasterName, want.Master = r.Master, w.assigned[r.Master]
	if r.device != nil {
		d := w.device(r)
		want.Device, want.PrimaryName = &d, d.Bond.Primary
	}
	return want
}

func masterOf(n NIC) int { return n.Master }
func activeOf(n NIC) int { return n.Active }

// nameOf is the name of another interface that one points to; "" is none.
func (w *work) nameOf(nic int, of func(NIC) int) string {
	n, _ := w.state.nic(nic)
	if of(n) == 0 {
		return ""
	}
	other, _ := w.state.nic(of(n))
	return other.Name
}

// ports are the names of the interfaces that have joined one.
func (w *work) ports(nic int) []string {
	names := []string{}
	for _, n := range w.state.NICs {
		if nic != 0 && n.Master == nic {
			names = append(names, n.Name)
		}
	}
	slices.Sort(names)
	return names
}
