package plan

import (
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/internal/crosscheck"
	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// nic checks an interface.
func (c networks) nic(key, container, name string, n spec.ContainerNIC, system bool) {
	if !isInterface(name) {
		c.Sure().Bad(key, "is not an interface name; accepted: up to 15 letters, digits, . _ and -, and none of %s", strings.Join(taken, " "))
	}
	c.wire(key, n)
	if n.Bridge != "" {
		c.port(key, spec.ContainerPort(container, name))
	}
	if n.Isolated && n.Bridge == "" {
		c.Of(key+".bridge").Bad(key+".isolated", "is about the ports of a bridge; accepted: with bridge, or leave it out")
	}
	if n.MAC != "" {
		other, dup := c.macs[n.MAC]
		switch {
		case !n.MAC.One():
			c.Bad(key+".mac", "%s is not an interface's address; accepted: an even first octet, and not all zeros", n.MAC)
		case dup:
			c.Of(other.key).Bad(key+".mac", "%s is that of %s already; accepted: another one, or none", n.MAC, other.name)
		}
		c.macs[n.MAC] = owner{container + "'s " + name, key + ".mac"}
	}
	c.addressed(key, container+"'s "+name, n)
	if !n.DHCP4 && !n.RA && len(n.Addresses) == 0 && !system {
		c.Of(key).Warn(key, "has no address: none of dhcp4 = true, ra = true, addresses; accepted: one of them, or system = true for a container that sees to that itself")
	}
}

// taken are names that the kernel needs itself, or that are there already.
var taken = []string{".", "..", "all", "default", "lo"}

// isInterface says whether a container's interface may be called so (IFNAMSIZ in linux/if.h is 16 with the closing NUL).
func isInterface(name string) bool {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"
	return name != "" && len(name) <= 15 && strings.Trim(name, letters) == "" && !slices.Contains(taken, name)
}

// addressed checks an interface's addresses and routers.
func (c networks) addressed(key, who string, n spec.ContainerNIC) {
	crosscheck.Addresses(c.Judge, key+".addresses", n.Addresses)
	for i, p := range n.Addresses {
		at := problem.JoinIndex(key+".addresses", i)
		if other, dup := c.addresses[p.Addr()]; dup && !p.Addr().IsLinkLocalUnicast() {
			c.Of(other.key).Bad(at, "%s is given to %s already; accepted: another one", p.Addr(), other.name)
		}
		c.addresses[p.Addr()] = owner{who, at}
	}
	for i, g := range n.Gateways {
		r := crosscheck.Routed{Key: key, Addresses: n.Addresses, Asks: n.DHCP4 && g.Is4(), Sources: []string{"addresses", "dhcp4"}}
		if n.Link != "" { // where this machine can't be reached; on a bridge it may be the router
			r.Here = crosscheck.Has(c.m, g)
		}
		crosscheck.Gateway(c.Judge, problem.JoinIndex(key+".gateways", i), g, r)
	}
}
