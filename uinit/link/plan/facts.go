package plan

import (
	"github.com/imgbuild/imgbuild/internal/fact"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/graph"
)

// What is told of each interface.
var (
	MAC        = fact.Each[string]{Pattern: "link.NAME.mac"}
	Driver     = fact.Each[string]{Pattern: "link.NAME.driver"}
	Carrier    = fact.Each[bool]{Pattern: "link.NAME.carrier"}
	Addresses  = fact.Each[[]string]{Pattern: "link.NAME.addresses"}
	Duplicates = fact.Each[[]string]{Pattern: "link.NAME.duplicates"}
	Conflicts  = fact.Each[[]string]{Pattern: "link.NAME.conflicts"}
	Gateway    = fact.Each[string]{Pattern: "link.NAME.gateway"}
	Online     = fact.Each[bool]{Pattern: "link.NAME.online"}
	Missing    = fact.Each[string]{Pattern: "link.NAME.missing"}
	MTU        = fact.Each[int]{Pattern: "link.NAME.mtu"}
	Repairs    = fact.Each[int]{Pattern: "link.NAME.repairs"}
	ByHand     = fact.Each[bool]{Pattern: "link.NAME.by_hand"}

	DHCP4Server = fact.Each[string]{Pattern: "link.NAME.dhcp4.server"}
	DHCP4Lease  = fact.Each[int]{Pattern: "link.NAME.dhcp4.lease_seconds"}
	DHCP4NTP    = fact.Each[[]string]{Pattern: "link.NAME.dhcp4.ntp"}

	DHCP6Server  = fact.Each[string]{Pattern: "link.NAME.dhcp6.server"}
	DHCP6Address = fact.Each[string]{Pattern: "link.NAME.dhcp6.address"}
	DHCP6Lease   = fact.Each[int]{Pattern: "link.NAME.dhcp6.lease_seconds"}
	DHCP6NTP     = fact.Each[[]string]{Pattern: "link.NAME.dhcp6.ntp"}
	RAManaged    = fact.Each[bool]{Pattern: "link.NAME.ra.managed"}
	RAOther      = fact.Each[bool]{Pattern: "link.NAME.ra.other"}
	RARoutes     = fact.Each[[]string]{Pattern: "link.NAME.ra.routes"}

	Master = fact.Each[string]{Pattern: "link.NAME.master"}
	Ports  = fact.Each[[]string]{Pattern: "link.NAME.ports"}
	Active = fact.Each[string]{Pattern: "link.NAME.active"}
)

// What is told of resolv.conf.
var (
	NameServers   = fact.One[[]string]{Name: "resolver.servers"}
	SearchDomains = fact.One[[]string]{Name: "resolver.search"}
)

// What is told of bridges, by the names that the kernel's settings have: the module that brings these may never come.
var (
	FilterIPTables  = fact.One[bool]{Name: "bridge-nf-call-iptables"}
	FilterIP6Tables = fact.One[bool]{Name: "bridge-nf-call-ip6tables"}
	FilterARPTables = fact.One[bool]{Name: "bridge-nf-call-arptables"}
)

func facts() []graph.Facts {
	return []graph.Facts{
		{Rows: rows(func(*spec.Description, spec.Link) bool { return true }), Of: []fact.Def{
			MAC.Means(fact.None, "The hardware address; empty while there is no such interface."),
			Driver.Means(fact.None, "The kernel's driver."),
			MTU.Means(fact.Bytes, "The largest packet; 0 while there is no such interface."),
			Carrier.Means(fact.None, "Whether there is somebody at the other end of the cable."),
			Addresses.Means(fact.None, "Addresses with their prefix lengths by which the interface can be reached, sorted."),
			Duplicates.Means(fact.None, "Addresses that another machine has as well, and that are not used therefore."),
			Conflicts.Means(fact.None, "IPv4 addresses that another machine has as well, each with that machine's hardware address: those of the profile, which are used all the same, and those of leases that were given back, until there is another."),
			Gateway.Means(fact.None, "The default router."),
			Online.Means(fact.None, "Whether the interface has all that its row asks for."),
			Missing.Means(fact.None, "What it lacks for that; where it has one of IPv4 and IPv6, by which address, and what it waits for of the other."),
			Repairs.Means(fact.None, "How often changes that others made were undone, since the boot."),
			ByHand.Means(fact.None, "Whether the interface is left to a person: `uinitctl link release NAME`."),
			DHCP4Server.Means(fact.None, "The server that gave the lease by DHCPv4."),
			DHCP4Lease.Means(fact.Seconds, "How long the lease was given for; 0 without one."),
			DHCP4NTP.Means(fact.None, "The time servers that the lease names."),
		}},
		{Rows: rows(hearsRouters), Of: []fact.Def{
			DHCP6Server.Means(fact.None, "The identifier (DUID) of the server that answered by DHCPv6, in hexadecimal."),
			DHCP6Address.Means(fact.None, "The address that it gave."),
			DHCP6Lease.Means(fact.Seconds, "How long the address was given for; 0 without one."),
			DHCP6NTP.Means(fact.None, "The time servers that it named."),
			RAManaged.Means(fact.None, "Whether routers say that addresses are to be had by DHCPv6."),
			RAOther.Means(fact.None, "Whether routers say that name servers and the like are to be had by DHCPv6."),
			RARoutes.Means(fact.None, "Routes that routers named besides the default one, as \"2001:db8::/48 via fe80::1\", sorted; of more than 32 the first ones and how many more there are; none unless `use_routes = true` has them taken."),
		}},
		{Rows: rows(func(_ *spec.Description, l spec.Link) bool { return l.Master != "" }), Of: []fact.Def{
			Master.Means(fact.None, "The bond or bridge that the interface has joined."),
		}},
		{Rows: rows(func(_ *spec.Description, l spec.Link) bool { return l.Kind == "bond" || l.Kind == "bridge" }), Of: []fact.Def{
			Ports.Means(fact.None, "The interfaces that have joined, sorted."),
		}},
		{Rows: rows(func(_ *spec.Description, l spec.Link) bool { return l.Kind == "bond" }), Of: []fact.Def{
			Active.Means(fact.None, "The port that carries the traffic; empty where all do."),
		}},
		{Rows: graph.Where(func(d *spec.Description) bool { return len(d.Links()) > 0 || d.Allows(spec.SiteVLANs) }), Of: []fact.Def{
			NameServers.Means(fact.None, "The name servers of all interfaces, in the order in which they are asked."),
			SearchDomains.Means(fact.None, "The domains in which short names are looked for."),
		}},
		{Rows: graph.Where(func(d *spec.Description) bool { return len(d.Bridge) > 0 }), Of: []fact.Def{
			FilterIPTables.Means(fact.None, "Whether bridged IPv4 packets pass the rules for routed ones; not there without the module br_netfilter."),
			FilterIP6Tables.Means(fact.None, "The same of IPv6."),
			FilterARPTables.Means(fact.None, "The same of ARP."),
		}},
	}
}

// rows are the interfaces of which yes says so. Which VLANs and tunnels the box's owner adds nobody knows before.
func rows(yes func(d *spec.Description, l spec.Link) bool) func(d *spec.Description) [][]string {
	return graph.Each(func(d *spec.Description) (names []string) {
		links := d.Links()
		if d.Allows(spec.SiteVLANs, spec.SiteWireGuard) {
			links["*"] = spec.Link{Kind: "vlan"}
		}
		for _, name := range graph.Names(links) {
			if yes(d, links[name]) {
				names = append(names, name)
			}
		}
		return names
	})
}

// hearsRouters says whether an interface asks by DHCPv6, or may when a router or the box's owner says so.
func hearsRouters(d *spec.Description, l spec.Link) bool {
	return l.DHCP6 != nil || l.RA != nil && *l.RA || l.AllRoutes() || d.Allows(spec.SiteAddresses, spec.SiteVLANs)
}
