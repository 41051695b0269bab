package plan

import (
	"net/netip"

	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/graph"
)

// network checks the interfaces of containers and what they publish: each for itself, and what they would take from each other, from
// guests, and from this machine.
func network(j problem.Judge, m *spec.Machine) {
	c := networks{Judge: j, m: m, links: m.Links(), macs: map[spec.MAC]owner{}, addresses: map[netip.Addr]owner{}, ports: map[string]owner{}}
	c.known()
	for _, name := range graph.Names(m.Container) {
		row, key := m.Container[name], problem.JoinKey("container", name)
		c.apart(key, row)
		for _, nic := range graph.Names(row.NIC) {
			c.nic(problem.JoinKey(key+".nic", nic), name, nic, row.NIC[nic], row.System)
		}
		if row.Routed() {
			c.port(key, spec.ContainerPort(name, spec.ContainerHost0))
		}
	}
	c.published()
}

// networks is what is known while containers are gone through.
type networks struct {
	problem.Judge
	m     *spec.Machine
	links map[string]spec.Link
	// macs and addresses are those given so far, ports the interfaces of this machine.
	macs      map[spec.MAC]owner
	addresses map[netip.Addr]owner
	ports     map[string]owner
}

// owner is whose something is, and the key by which.
type owner struct{ name, key string }

// known notes what links and guests have.
func (c networks) known() {
	for name, l := range c.links {
		key := problem.JoinKey(l.Kind, name)
		c.ports[name] = owner{name, key}
		if l.MAC != "" {
			c.macs[l.MAC] = owner{name, key + ".mac"}
		}
		for i, p := range l.Addresses {
			c.addresses[p.Addr()] = owner{name, problem.JoinIndex(key+".addresses", i)}
		}
	}
	for guest, v := range c.m.VM {
		for nic, n := range v.NIC {
			tap, key := spec.Tap(guest, nic), problem.JoinKey(problem.JoinKey("vm", guest)+".nic", nic)
			c.ports[tap] = owner{tap, key}
			if n.MAC != "" {
				c.macs[n.MAC] = owner{tap, key + ".mac"}
			}
		}
	}
}

// apart holds what is for a network of a container's own to there being one, and to one way out of it.
func (c networks) apart(key string, row spec.Container) {
	ways := []struct {
		key  string
		used bool
	}{{"nic", len(row.NIC) > 0}, {"publish", len(row.Publish) > 0}, {"nat", row.NAT}}
	for _, w := range ways {
		switch {
		case w.used && !row.Has(spec.ContainerNet):
			c.Of(key+".namespaces").Bad(key+"."+w.key, "is for a network of its own, and namespaces leaves out net; accepted: net among them, or neither nic, publish nor nat")
		case w.used && w.key != "nic" && len(row.NIC) > 0:
			c.Of(key+".nic").Bad(key+"."+w.key, "goes by this machine's addresses, and nic gives it a network of its own, where others reach it without; accepted: one of them")
		}
	}
}

// port takes a name for the end of an interface that is this machine's.
func (c networks) port(key, name string) {
	if other, dup := c.ports[name]; dup {
		c.Sure().Of(other.key).Bad(key, "its end on this machine is to be called %s, as %s is already; accepted: other names for the container or the interface", name, other.name)
	}
	c.ports[name] = owner{name, key}
}
