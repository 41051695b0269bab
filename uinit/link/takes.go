package link

import "fmt"

// takes are the sizes of packets that an interface takes, in bytes; most is 0 where there is no limit.
type takes struct {
	least, most int
	// who sets the limit: "the device", "lan, which carries it,".
	who string
}

// String names what a profile may say: no less than 68 (RFC 791).
func (t takes) String() string {
	return fmt.Sprintf("%s takes %d to %d", t.who, max(t.least, 68), t.most)
}

func (t takes) clamp(bytes int) int {
	if t.most != 0 {
		bytes = min(bytes, t.most)
	}
	return max(bytes, t.least)
}

// takes is what a link takes: what its driver says, a VLAN no more than what carries it, a bond no more than each of its ports
// can, for they get the bond's, and a bridge no more than the ports that it sends by.
func (w *work) takes(name string) takes {
	n, _ := w.state.nic(w.assigned[name])
	all := takes{n.LeastMTU, n.MostMTU, "the device"}
	r := w.rows[name]
	for _, lower := range r.Lower {
		if w.rows[lower].depth >= r.depth || w.assigned[lower] == 0 {
			continue // a circle, or it is not there
		}
		below := takes{all.least, w.sends(lower), lower + ", which carries it,"}
		if r.Kind == "bond" {
			below = w.takes(lower)
			below.who = "its port " + lower
		}
		if below.most != 0 && (all.most == 0 || below.most < all.most) {
			all.most, all.who = below.most, below.who
		}
		all.least = max(all.least, below.least)
	}
	return all
}

// sends is the largest packet of a link that is there, in bytes, once all is as it should be.
func (w *work) sends(name string) int {
	if m := w.mtu(name); m.bytes != 0 {
		return m.bytes
	}
	n, _ := w.state.nic(w.assigned[name])
	return n.MTU
}
