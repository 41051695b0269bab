package plan

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"

	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/internal/suggest"
	"github.com/imgbuild/imgbuild/uinit/graph"
)

// wire checks what an interface is connected to, and that this takes packets as large as its own.
func (c networks) wire(key string, n spec.ContainerNIC) {
	on, at := n.Bridge, key+".bridge"
	if n.Link != "" {
		on, at = n.Link, key+".link"
	}
	l, there := c.links[on]
	lower := problem.JoinKey(l.Kind, on)
	switch {
	case (n.Bridge == "") == (n.Link == ""):
		c.Of(key).Bad(key, "is connected to nothing, or to two things; accepted: one of bridge and link")
		return
	case n.Bridge != "" && (!there || l.Kind != "bridge"):
		bridges := graph.Names(c.m.Bridge)
		c.Ref(on, "bridge").Bad(at, "there is no [%s]%s; accepted: a bridge's name, or link for another interface", problem.JoinKey("bridge", on), suggest.DidYouMean(on, bridges))
		return
	case !there:
		c.Ref(on, spec.LinkTables...).Bad(at, "there is no interface %q%s; accepted: an interface's name", on, suggest.DidYouMean(on, slices.Sorted(maps.Keys(c.links))))
		return
	case n.Link != "" && l.Kind == "bridge":
		c.Of(lower).Bad(at, "%s is a bridge; accepted: bridge = %q in place of link", on, on)
	case n.Link != "" && (l.Kind == "dummy" || l.Kind == "wireguard"):
		c.Of(lower).Bad(at, "%s is a %s, which has no wire that others are on; accepted: an interface of hardware, a bond or a VLAN", on, l.Kind)
	case n.Link != "" && l.Master != "":
		c.Of(problem.JoinKey(c.links[l.Master].Kind, l.Master)+".ports").Bad(at, "%s is a port of %s, which has all that comes there; accepted: %s", on, l.Master, through(c.links[l.Master], l.Master))
	}
	c.room(key, n, on, lower)
}

// through is the key by which a container gets on the network of a port's master.
func through(master spec.Link, name string) string {
	if master.Kind == "bridge" {
		return fmt.Sprintf("bridge = %q", name)
	}
	return fmt.Sprintf("link = %q", name)
}

// room checks the largest packet.
func (c networks) room(key string, n spec.ContainerNIC, on, lower string) {
	carried := spec.CarriedMTU(c.links, on)
	six := n.RA || slices.ContainsFunc(n.Addresses, func(p netip.Prefix) bool { return p.Addr().Is6() })
	switch {
	case n.MTU < 0 || n.MTU > 0 && n.MTU < 68 || n.MTU > 65535: // no MTU at all, which was said
	case carried > 0 && n.MTU > carried:
		c.Of(lower).Bad(key+".mtu", "is %d, more than the %d of %s, which carries it; accepted: up to %d, or a larger mtu for %s", n.MTU, carried, on, carried, on)
	case six && n.MTU > 0 && n.MTU < spec.LeastIPv6:
		c.Of(key+".addresses", key+".ra").Bad(key+".mtu", "is %d, and IPv6, which is used here, needs %d (RFC 8200); accepted: %[2]d and up", n.MTU, spec.LeastIPv6)
	case six && n.MTU == 0 && carried > 0 && carried < spec.LeastIPv6:
		c.Of(lower, key+".addresses", key+".ra").Bad(key, "takes packets of %d bytes, for that is the mtu of %s, and IPv6, which is used here, needs %d (RFC 8200); accepted: a larger mtu for %s", carried, on, spec.LeastIPv6, on)
	}
}
