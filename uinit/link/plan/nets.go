package plan

import (
	"net/netip"

	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/graph"
)

// nets finds networks that lie in each other on two interfaces: what goes there leaves by one of them alone, whichever it was meant for.
// Whoever has rules for that, or answers for others there, knows it.
func nets(j problem.Judge, m *spec.Machine) {
	if len(m.Rule) > 0 {
		return
	}
	all := m.Links()
	type net struct {
		netip.Prefix
		name, key string
		proxy     bool
	}
	var seen []net
	for _, name := range graph.Names(all) {
		l, on := all[name], len(seen)
		for i, p := range l.Addresses {
			if l.Kind == "dummy" || p.IsSingleIP() || p.Addr().IsLinkLocalUnicast() || p.Bits() == 0 {
				continue
			}
			n := net{p, name, problem.JoinKey(l.Kind, name), l.ProxyARP != nil && *l.ProxyARP}
			for _, other := range seen[:on] {
				if other.Overlaps(p) && other.Addr() != p.Addr() && !other.proxy && !n.proxy {
					j.Of(other.key+".addresses").Rows("rule").Warn(problem.JoinIndex(n.key+".addresses", i),
						"%s and %s of %s are one network, or one lies in the other: what goes there leaves by one of the two; accepted: networks of their own, rows of [rule] that choose, or proxy_arp = true", p, other.Prefix, other.name)
					break
				}
			}
			seen = append(seen, n)
		}
	}
}
