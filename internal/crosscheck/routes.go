package crosscheck

import (
	"maps"
	"net/netip"
	"slices"

	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/internal/suggest"
)

// routes checks routes, and the rules that choose between tables of them.
func (c *crosser) routes() {
	links := c.p.Links()
	tables := map[int][]netip.Addr{mainTable: nil, localTable: nil, defaultTable: nil} // where their routes lead to
	type place struct {
		to            netip.Prefix
		metric, table int
	}
	taken := map[place]string{}
	for _, name := range slices.Sorted(maps.Keys(c.p.Route)) {
		r, key := c.p.Route[name], problem.JoinKey("route", name)
		if r.Table == 0 {
			r.Table = mainTable
		}
		tables[r.Table] = append(tables[r.Table], r.Destination.Addr())
		c.route(key, r, links)
		p := place{r.Destination, r.Metric, r.Table}
		if other, dup := taken[p]; dup {
			c.Of(problem.JoinKey("route", other)).Bad(key, "leads to %s with metric %d as %s does; accepted: another metric", r.Destination, r.Metric, other)
		}
		taken[p] = name
	}
	for _, name := range slices.Sorted(maps.Keys(c.p.Rule)) {
		r, key := c.p.Rule[name], problem.JoinKey("rule", name)
		if to, known := tables[r.Table]; r.Table > 0 && !known {
			c.Of("route").Bad(key+".table", "%d has no route in this profile", r.Table)
		} else if other := func(a netip.Addr) bool { return r.From.IsValid() && a.Is4() != r.From.Addr().Is4() }; len(to) > 0 && !slices.ContainsFunc(to, func(a netip.Addr) bool { return !other(a) }) {
			c.Of("route", key+".from").Bad(key+".table", "%d has no route of the family of %s in this profile", r.Table, r.From)
		}
		c.turn(name, r)
		if r.From.IsValid() && r.To.IsValid() && r.From.Addr().Is4() != r.To.Addr().Is4() {
			c.Bad(key, "is from %s to %s, which are of two families", r.From, r.To)
		}
	}
}

// turn finds rules of one priority of which nobody can say which is asked first, or which the kernel has already (fib_nl_newrule in
// net/core/fib_rules.c).
func (c *crosser) turn(name string, r spec.Rule) {
	key := problem.JoinKey("rule", name)
	for _, before := range slices.Sorted(maps.Keys(c.p.Rule)) {
		other := c.p.Rule[before]
		if before >= name || other.Priority != r.Priority {
			continue
		}
		j := c.Of(problem.JoinKey("rule", before))
		switch {
		case other == r:
			j.Bad(key, "says what rule.%s says; accepted: each rule once", before)
		case other.Table != r.Table && meet(other.From, r.From) && meet(other.To, r.To) && (other.FirewallMark == 0 || r.FirewallMark == 0 || other.FirewallMark == r.FirewallMark):
			j.Warn(key+".priority", "%d is that of rule.%s, which takes some of the same packets to another table; accepted: another priority, for the lower one is asked first", r.Priority, before)
		}
	}
}

// meet says whether an address can lie in both networks; one that is not given has all.
func meet(a, b netip.Prefix) bool { return !a.IsValid() || !b.IsValid() || a.Overlaps(b) }

// Tables that the kernel has of itself (include/uapi/linux/rtnetlink.h, RT_TABLE_*).
const (
	defaultTable = 253
	mainTable    = 254
	localTable   = 255
)

func (c *crosser) route(key string, r spec.Route, links map[string]spec.Link) {
	if l, known := links[r.Link]; !known {
		c.Ref(r.Link, spec.LinkTables...).Bad(key+".link", "there is no interface %q%s", r.Link, suggest.DidYouMean(r.Link, slices.Sorted(maps.Keys(links))))
	} else if l.Master != "" {
		c.Of(portsKey(links, l.Master)).Bad(key+".link", "%s is a port of %s; accepted: %s", r.Link, l.Master, l.Master)
	}
	switch l := links[r.Link]; {
	case r.Destination.Addr().IsLoopback():
		c.Bad(key+".destination", "%s is this machine itself; accepted: a network of others", r.Destination)
	case l.NoAddress:
		c.Of(problem.JoinKey(l.Kind, r.Link)+".no_address").Bad(key+".link", "%s has no address, and so nobody to send to; accepted: an interface with addresses", r.Link)
	case r.Destination.Bits() == 0 && !r.Via.IsValid() && l.Kind != "dummy" && l.Kind != "wireguard" && l.Kind != "":
		c.Of(problem.JoinKey("ethernet", r.Link)).Warn(key, "takes everybody for a neighbour on %s; accepted: via, the address of the router", r.Link)
	}
	for which, a := range map[string]netip.Addr{"via": r.Via, "source": r.Source} {
		if a.IsValid() && a.Is4() != r.Destination.Addr().Is4() {
			c.Of(key+".destination").Bad(key+"."+which, "%s is not of the family of %s", a, r.Destination)
		}
	}
	c.hops(key, r, links[r.Link])
	if r.Table == localTable {
		c.Bad(key+".table", "is %d, the kernel's own; accepted: 1 and up, but not that one", r.Table)
	}
}

// hops checks that a route's router is another machine, and its source this one. A router outside the interface's networks is reached
// directly all the same.
func (c *crosser) hops(key string, r spec.Route, l spec.Link) {
	switch own := func(p netip.Prefix) bool { return p.Addr() == r.Via }; {
	case !r.Via.IsValid():
	case !somebody(r.Via) || r.Via.IsLoopback() || c.shouted(r.Via):
		c.Bad(key+".via", "%s is no router's address; accepted: that of one machine, or no via for a network on the link itself", r.Via)
	case slices.ContainsFunc(l.Addresses, own):
		c.Of(problem.JoinKey(l.Kind, r.Link)+".addresses").Bad(key+".via", "%s is this interface's own address; accepted: the router's", r.Via)
	}
	if s := r.Source; s.IsValid() && s.Is4() == r.Destination.Addr().Is4() && (!somebody(s) || place(c.p, s) == never) {
		c.Of(spec.LinkTables...).Bad(key+".source", "no interface has %s or could get it; accepted: an address of this machine", s)
	}
}
