package link

import (
	"fmt"
	"hash/fnv"
	"maps"
	"slices"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// remember keeps the addresses of hardware: what is made of a port keeps its address while the port is away.
func (w *work) remember() {
	for name := range w.ethernet {
		if n, ok := w.state.nic(w.assigned[name]); ok && n.MAC != "" {
			w.macs[name] = n.MAC
		}
	}
}

// address is the hardware address that a row's interface is to have: the stated one, else its own, else that of the first
// interface it is made of, in the order of the profile. The kernel would give a bridge the lowest address of its ports, guests'
// among them, and a bond that of whichever port was found first. Empty is one that is not known yet.
func (w *work) address(name string) spec.MAC {
	r := w.rows[name]
	if r.MAC != "" {
		return r.MAC
	}
	if r.Kind == "ethernet" {
		return w.macs[name]
	}
	for _, lower := range r.Lower {
		if w.rows[lower].depth < r.depth { // a circle is the profile's mistake
			if mac := w.address(lower); mac != "" {
				return mac
			}
		}
	}
	if r.Kind == "bridge" || r.Kind == "dummy" {
		return derived(w.owner(), name)
	}
	return ""
}

// chosen is the address that has to be set: hardware and tunnels keep theirs, a VLAN follows its parent, and a bond gives its
// own to its ports.
func (w *work) chosen(name string) spec.MAC {
	r := w.rows[name]
	if r.Kind == "bond" || r.Kind == "bridge" || r.Kind == "dummy" && w.rows[r.Master].Kind != "bond" {
		return w.address(name)
	}
	return r.MAC
}

// owner tells machines apart, clones of one image as well: by what the firmware says, else by the first interface of hardware.
func (w *work) owner() string {
	if w.machine != "" {
		return w.machine
	}
	for _, name := range slices.Sorted(maps.Keys(w.macs)) {
		return string(w.macs[name])
	}
	return ""
}

// derived is an address for what has no hardware below it: the same with each boot, another one on another machine. It is
// locally administered and of one interface (IEEE 802, U/L and I/G bits).
func derived(owner, name string) spec.MAC {
	h := fnv.New64a()
	_, _ = h.Write([]byte(owner + "\x00" + name))
	b := h.Sum(nil)
	return spec.MAC(fmt.Sprintf("%02x:%02x:%02x:%02x:%02x:%02x", b[0]&^1|2, b[1], b[2], b[3], b[4], b[5]))
}
