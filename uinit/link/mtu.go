package link

import (
	"fmt"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/dhcp"
)

const (
	// leastIPv4 is what every host can take (RFC 791): who says less by DHCP is mistaken, or means harm.
	leastIPv4 = 576
	// usual is Ethernet's. A server may say that its network takes less; more is for the profile to decide.
	usual = 1500
)

// mtu is the largest packet of a link in bytes, 0 for what the driver says.
type mtu struct {
	bytes int
	// by is who wants it so; "" is the row.
	by string
	// told is what a person should know of a value that was not taken as it was.
	told string
	// limited: the row's own is not to be had.
	limited bool
}

// mtu is what a row and its lease make of the largest packet. One that is too small for IPv6 would make the kernel take that off
// the link, and off the VLANs on it.
func (r row) mtu(lease *dhcp.Lease) mtu {
	m := mtu{bytes: r.MTU}
	if r.MTU == 0 && lease != nil {
		m.bytes, m.by = lease.MTU, fmt.Sprintf(", as DHCP server %v says,", lease.Server)
	}
	switch stated := r.MTU != 0; {
	case m.bytes == 0 || m.bytes == usual && !stated:
		return mtu{}
	case m.bytes < leastIPv4 && !stated:
		return mtu{told: fmt.Sprintf("an MTU of %d%s is ignored: every network takes packets of %d bytes", m.bytes, m.by, leastIPv4)}
	case m.bytes > usual && !stated:
		return mtu{told: fmt.Sprintf("an MTU of %d%s is ignored: more than %d is for the profile to say, as mtu", m.bytes, m.by, usual)}
	case m.bytes < spec.LeastIPv6 && r.ipv6:
		m.told = fmt.Sprintf("an MTU of %d%s would end IPv6 here: it is %d, the least for that (RFC 8200)", m.bytes, m.by, spec.LeastIPv6)
		m.bytes = spec.LeastIPv6
	}
	return m
}

// mtu is what a link is to have: no more than is to be had.
func (w *work) mtu(name string) mtu {
	a := w.active[name]
	if a == nil {
		a = &active{}
	}
	m := w.rows[name].mtu(a.lease)
	if m.bytes == 0 {
		if own := w.unsaid(name, a); own != 0 {
			m.bytes = w.takes(name).clamp(own)
		}
		return m
	}
	n, _ := w.state.nic(a.nic)
	switch takes := w.takes(name); {
	case takes.clamp(m.bytes) != m.bytes:
		bytes := takes.clamp(m.bytes)
		m.told = fmt.Sprintf("an MTU of %d%s is not to be had: %v, so it is %d", m.bytes, m.by, takes, bytes)
		m.bytes, m.limited = bytes, m.by == ""
	case a.refused != nil && n.MTU != m.bytes: // by what no limit is known of
		m.told = fmt.Sprintf("an MTU of %d%s is not to be had: %v, so it is %d", m.bytes, m.by, a.refused, n.MTU)
		m.limited = m.by == ""
	}
	return m
}

// unsaid is the MTU of a link of which neither its row nor a server says one: what its device had before a server did. The kernel makes a
// VLAN's smaller with that of what carries it, and never larger again (vlan_device_event in net/8021q/vlan.c). 0 is what it has.
func (w *work) unsaid(name string, a *active) int {
	r := w.rows[name]
	if r.Kind != "vlan" {
		return a.ownMTU
	}
	if parent := r.device.ParentName; w.assigned[parent] != 0 && w.rows[parent].depth < r.depth {
		return w.sends(parent)
	}
	return 0
}

// resized notes what a device had before it got the MTU that a server says, for when none does any more.
func (w *work) resized(o Op) {
	set, ok := o.(SetMTU)
	if !ok {
		return
	}
	n, _ := w.state.nic(set.NIC) // as it was
	for name, a := range w.active {
		switch {
		case a.nic != set.NIC:
		case w.mtu(name).by == "":
			a.ownMTU = 0
		case a.ownMTU == 0:
			a.ownMTU = n.MTU
		}
	}
}

// tellMTU warns of a value that was not taken as it was, once of each.
func (a *active) tellMTU(v view, to Listener) {
	if told := v.mtu.told; told != a.toldMTU && told != "" {
		to.Warn(v.name + ": " + told)
	}
	a.toldMTU = v.mtu.told
}
