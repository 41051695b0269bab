package crosscheck

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/internal/suggest"
	"github.com/imgbuild/imgbuild/uinit/graph"
)

// reserved are names that the kernel needs itself: all and default stand among interfaces' settings (sysctl_dev_name_is_allowed in
// include/linux/inetdevice.h; such an interface has none), bonding_masters among the interfaces of /sys/class/net.
var reserved = []string{".", "..", "all", "bonding_masters", "default", "lo"}

// links checks the interfaces of all kinds: each for itself, then how they are joined.
func (c *crosser) links() {
	all := c.p.Links()
	c.linkNames(all)
	seen := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		l := all[name]
		key := problem.JoinKey(l.Kind, name)
		// IFNAMSIZ in linux/if.h is 16 with the closing NUL.
		if name == "" || len(name) > 15 || strings.ContainsAny(name, "/: \t\n%") || slices.Contains(reserved, name) {
			c.Sure().Bad(key, "is not an interface name; accepted: up to 15 characters without / : %% or blanks, and none of %s", strings.Join(reserved, " "))
		}
		c.addressing(key, name, l, all, seen)
	}
	for _, name := range slices.Sorted(maps.Keys(c.p.Ethernet)) {
		if i := c.p.Ethernet[name].Match.Index; i != nil && *i < 0 {
			c.Bad(problem.JoinKey("ethernet", name)+".match.index", "is %d; accepted: 0 and up", *i)
		}
	}
	c.ports(all)
	c.vlans(all)
	c.mtus(all)
	c.bridges()
	for _, circle := range linkCircles(all) {
		var rows []string
		for _, name := range circle {
			rows = append(rows, problem.JoinKey(all[name].Kind, name))
		}
		c.Sure().Of(rows...).Bad(rows[0], "interfaces are made of each other in a circle: %s", strings.Join(append(circle, circle[0]), " -> "))
	}
}

// linkNames finds names that rows of two kinds have.
func (c *crosser) linkNames(all map[string]spec.Link) {
	kinds := map[string][]string{
		"ethernet": slices.Collect(maps.Keys(c.p.Ethernet)), "bond": slices.Collect(maps.Keys(c.p.Bond)), "vlan": slices.Collect(maps.Keys(c.p.VLAN)),
		"bridge": slices.Collect(maps.Keys(c.p.Bridge)), "dummy": slices.Collect(maps.Keys(c.p.Dummy)), "wireguard": slices.Collect(maps.Keys(c.p.WireGuard)),
	}
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		for _, name := range slices.Sorted(slices.Values(kinds[kind])) {
			if all[name].Kind != kind {
				c.Sure().Of(problem.JoinKey(all[name].Kind, name)).Bad(problem.JoinKey(kind, name), "%s is the name of a %s already; accepted: each name once over all kinds of interfaces", name, all[name].Kind)
			}
		}
	}
}

// addressing checks what a row says of addresses; seen are the addresses met so far, with their interfaces.
func (c *crosser) addressing(key, name string, l spec.Link, all map[string]spec.Link, seen map[string]string) {
	if l.MAC != "" && !l.MAC.One() {
		c.Bad(key+".mac", "%s is not an interface's address; accepted: an even first octet, and not all zeros", l.MAC)
	}
	if l.MAC != "" && (l.Kind == "wireguard" || l.Master != "" && c.p.Bond[l.Master].Ports != nil) {
		c.Of(portsKey(all, l.Master)).Bad(key+".mac", "is what a tunnel has none of, and what a bond gives to its ports; accepted: on other interfaces")
	}
	Addresses(c.Judge, key+".addresses", l.Addresses)
	for i, a := range l.Addresses {
		if other, dup := seen[a.Addr().String()]; dup {
			c.Of(problem.JoinKey(all[other].Kind, other)+".addresses").Bad(problem.JoinIndex(key+".addresses", i), "%s is given to %s already", a.Addr(), other)
		}
		seen[a.Addr().String()] = name
	}
	dhcp6 := l.DHCP6 != nil && *l.DHCP6
	c.gateways(key, l)
	c.nameServers(key, name, l, all)
	if probe := l.Online.Probe; probe.IsValid() && (!somebody(probe.Addr()) || !l.DHCP4 && !dhcp6 && !l.HearsRouters() && len(l.Addresses) == 0 || probe.Port() == 0) {
		c.Of(key+".addresses", key+".dhcp4", key+".dhcp6", key+".ra").Bad(key+".online.probe", "%s cannot be reached from an interface without addresses, nor at port 0 or an address that is no machine's", probe)
	}
	if a := l.Online.Probe.Addr(); a.IsLoopback() || Has(c.p, a) != "" {
		c.Of(spec.LinkTables...).Bad(key+".online.probe", "%s is this machine itself, which answers without a network; accepted: another machine's address", a)
	}
	ra := l.RA != nil && *l.RA
	for which, asks := range map[string]bool{"dhcp4": l.DHCP4, "dhcp6": dhcp6, "ra": ra} {
		if asks && (l.Kind == "dummy" || l.Kind == "wireguard") {
			c.Bad(key+"."+which, "asks whoever is on the link, and nobody is on a %s; accepted: addresses", l.Kind)
		}
	}
	addressed := l.DHCP4 || dhcp6 || ra || len(l.Addresses) > 0
	switch {
	case addressed && l.Master != "":
		c.Sure().Of(portsKey(all, l.Master)).Bad(key, "is a port of %s and cannot have addresses of its own; accepted: addresses on %s", l.Master, l.Master)
	case addressed && l.NoAddress:
		c.Bad(key+".no_address", "stands beside an address; accepted: one of them")
	case !addressed && l.Master == "" && !l.NoAddress && l.Kind != "dummy" && l.Kind != "wireguard" && !c.carries(name):
		c.Of("bond", "bridge", "vlan").Warn(key, "has no address: none of dhcp4 = true, dhcp6 = true, ra = true, addresses; no_address = true says that this is meant")
	}
}

// portsKey is where the ports of a bond or bridge stand.
func portsKey(all map[string]spec.Link, master string) string {
	return problem.JoinKey(all[master].Kind, master) + ".ports"
}

// carries says whether a VLAN lies on an interface, which then needs no address.
func (c *crosser) carries(name string) bool {
	for _, v := range c.p.VLAN {
		if v.Parent == name {
			return true
		}
	}
	return false
}

// ports checks that the ports of bonds and bridges exist, and are ports of one thing only.
func (c *crosser) ports(all map[string]spec.Link) {
	names := slices.Sorted(maps.Keys(all))
	taken := map[string]string{}
	for _, master := range names {
		l := all[master]
		if l.Kind != "bond" && l.Kind != "bridge" {
			continue
		}
		key := problem.JoinKey(l.Kind, master) + ".ports"
		for i, port := range l.Lower {
			other, twice := taken[port]
			p, known := all[port]
			switch {
			case !known:
				c.Ref(port, spec.LinkTables...).Bad(problem.JoinIndex(key, i), "there is no interface %q%s", port, suggest.DidYouMean(port, names))
			case twice:
				c.Of(portsKey(all, other)).Bad(problem.JoinIndex(key, i), "%s is a port of %s already", port, other)
			case p.Kind == "bridge" || p.Kind == "wireguard" || l.Kind == "bond" && p.Kind != "ethernet" && p.Kind != "dummy":
				c.Of(problem.JoinKey(p.Kind, port)).Bad(problem.JoinIndex(key, i), "%s is a %s, which a %s cannot have as a port", port, p.Kind, l.Kind)
			}
			taken[port] = master
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.p.Bond)) {
		b, key := c.p.Bond[name], problem.JoinKey("bond", name)
		if len(b.Ports) == 0 {
			c.Bad(key+".ports", "is empty; accepted: the names of the interfaces that the bond is made of")
		}
		if b.Primary != "" && !slices.Contains(b.Ports, b.Primary) {
			c.Of(key+".ports").Bad(key+".primary", "%q is none of the bond's ports%s", b.Primary, suggest.DidYouMean(b.Primary, b.Ports))
		}
		if b.Primary != "" && b.Mode != "active-backup" && b.Mode != "balance-tlb" && b.Mode != "balance-alb" {
			c.Of(key+".mode").Bad(key+".primary", "means nothing with mode %s; accepted: active-backup, balance-tlb, balance-alb", b.Mode)
		}
		if b.MinLinks < 0 || b.MinLinks > len(b.Ports) {
			c.Of(key+".ports").Bad(key+".min_links", "is %d; accepted: 0 to the number of ports, %d", b.MinLinks, len(b.Ports))
		}
	}
}

func (c *crosser) vlans(all map[string]spec.Link) {
	type tag struct {
		parent string
		id     int
	}
	taken := map[tag]string{}
	for _, name := range slices.Sorted(maps.Keys(c.p.VLAN)) {
		v, key := c.p.VLAN[name], problem.JoinKey("vlan", name)
		parent, known := all[v.Parent]
		switch {
		case !known:
			c.Ref(v.Parent, spec.LinkTables...).Bad(key+".parent", "there is no interface %q%s", v.Parent, suggest.DidYouMean(v.Parent, slices.Sorted(maps.Keys(all))))
		case parent.Kind == "wireguard":
			c.Of(problem.JoinKey("wireguard", v.Parent)).Bad(key+".parent", "%s is a tunnel, which carries no tags", v.Parent)
		case parent.Master != "" && all[parent.Master].Kind == "bond":
			c.Of(portsKey(all, parent.Master)).Bad(key+".parent", "%s is a port of %s; accepted: parent = %q", v.Parent, parent.Master, parent.Master)
		}
		if other, dup := taken[tag{v.Parent, v.ID}]; dup {
			c.Of(problem.JoinKey("vlan", other)).Bad(key+".id", "%d on %s is %s already", v.ID, v.Parent, other)
		}
		taken[tag{v.Parent, v.ID}] = name
	}
}

func (c *crosser) bridges() {
	for _, name := range slices.Sorted(maps.Keys(c.p.Bridge)) {
		b, key := c.p.Bridge[name], problem.JoinKey("bridge", name)
		// BR_MIN_FORWARD_DELAY and BR_MAX_FORWARD_DELAY in net/bridge/br_private_stp.h.
		if b.ForwardDelay == nil {
			continue
		}
		delay := time.Duration(*b.ForwardDelay)
		if b.STP && delay < 2*time.Second || delay > 30*time.Second {
			c.Of(key+".stp").Bad(key+".forward_delay", "is %s; accepted: 2s to 30s with STP, 0s to 30s without", *b.ForwardDelay)
		}
	}
}

// linkCircles finds interfaces that are made of each other, each circle once.
func linkCircles(all map[string]spec.Link) [][]string {
	lower := map[string][]string{}
	for name, l := range all {
		lower[name] = l.Lower
	}
	return graph.Circles(lower)
}
