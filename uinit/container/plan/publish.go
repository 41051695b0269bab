package plan

import (
	"net/netip"
	"slices"

	"github.com/imgbuild/imgbuild/internal/crosscheck"
	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/graph"
)

// published checks ports that lead to containers. Those of TCP are held to each other, and to the machine's servers, by listens.
func (c networks) published() {
	var all []graph.Listener
	for _, name := range graph.Names(c.m.WireGuard) {
		if port := c.m.WireGuard[name].ListenPort; port != 0 {
			all = append(all, graph.Listener{Key: problem.JoinKey("wireguard", name) + ".listen_port", Server: "the tunnel " + name, Port: port})
		}
	}
	for _, name := range graph.Names(c.m.Container) {
		row, key := c.m.Container[name], problem.JoinKey("container", name)
		if row.Routed() {
			c.apartFromLinks(key, row)
		}
		at := make([]netip.Addr, len(row.Publish))
		for i, p := range row.Publish {
			where := problem.JoinIndex(key+".publish", i)
			at[i] = netip.IPv4Unspecified()
			switch a := p.Parsed().Address; {
			case !p.Valid():
				c.Bad(where, "%q is no port that is published; accepted: [ADDRESS:]PORT:PORT[/udp] with the container's port last, such as 8080:80, 192.0.2.1:53:53/udp; IPv4", p)
			case a.IsLoopback() || a.IsUnspecified():
				c.Bad(where, "%s is no address that others reach; accepted: one of this machine's, or none for all", a)
			case a.IsValid():
				at[i] = a
			}
		}
		crosscheck.Listen(c.Judge, c.m, key+".publish", at, "nobody reaches the container there")
		for _, l := range listeners(name, row, true) {
			for _, other := range all {
				if other.Port == l.Port && (other.Addresses == nil || l.Addresses == nil || slices.Equal(other.Addresses, l.Addresses)) {
					c.Of(other.Key).Bad(l.Key, "UDP port %d is that of %s; accepted: another port, or other addresses", l.Port, other.Server)
				}
			}
			all = append(all, l)
		}
	}
}

// apartFromLinks finds networks of the machine's that are those of containers as well.
func (c networks) apartFromLinks(key string, row spec.Container) {
	for _, name := range graph.Names(c.links) {
		l := c.links[name]
		for i, p := range l.Addresses {
			if p.Overlaps(spec.ContainerNetworks()) {
				at := problem.JoinIndex(problem.JoinKey(l.Kind, name)+".addresses", i)
				c.Of(key+".publish", key+".nat").Bad(at, "%s lies in %s, where containers that publish ports or have nat get theirs; accepted: an address of another network", p, spec.ContainerNetworks())
			}
		}
	}
}

// listens are the ports of TCP that lead to containers, as servers of this machine.
func listens(m *spec.Machine) (all []graph.Listener) {
	for _, name := range graph.Names(m.Container) {
		all = append(all, listeners(name, m.Container[name], false)...)
	}
	return all
}

func listeners(name string, row spec.Container, udp bool) (all []graph.Listener) {
	for i, text := range row.Publish {
		p := text.Parsed()
		if p.UDP != udp || !text.Valid() {
			continue
		}
		l := graph.Listener{Key: problem.JoinIndex(problem.JoinKey("container", name)+".publish", i), Server: "container:" + name, Port: int(p.Port)}
		if p.Address.IsValid() {
			l.Addresses = []netip.Addr{p.Address}
		}
		all = append(all, l)
	}
	return all
}
