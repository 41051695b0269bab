package spec

import "net/netip"

// SiteAddresses is for where addresses of interfaces that the profile has come from.
const SiteAddresses SiteKey = "addresses"

// Addressing is what an interface of any kind can have.
type Addressing struct {
	// Ask for an IPv4 address by DHCP (RFC 2131).
	DHCP4 bool `json:"dhcp4,omitempty" site:"addresses"`
	// DHCPv6 (RFC 8415). true: ask for an address, or for name servers and the like alone where a router says
	// that there is nothing else to be had. false: ask for nothing. By default, with ra = true, what routers say is done.
	DHCP6 *bool `json:"dhcp6,omitempty" site:"addresses"`
	// Router advertisements (RFC 4861). true: the interface counts as online only when it has an
	// IPv6 address and a router that was learnt, also beside static addresses. false: they are
	// ignored. By default an interface takes them that asks by DHCP and has no static addresses (with dhcp6 = true it may), and nothing waits
	// for them; all others take no address, route or name server from whoever is on the wire.
	RA *bool `json:"ra,omitempty" site:"addresses"`
	// Routes that DHCP and routers name. true: all of them, also those that a router advertises besides the default one (RFC 4191),
	// of any length: on a network with several routers it is they who know which leads where, and whoever is on the network can draw
	// traffic that way. Of more than 1024 no further ones are taken. false: none, not even a default one; networks that addresses lie in are
	// reached all the same. By default all that DHCP names, and of routers the default one. An interface that takes none takes no ICMP
	// redirects either.
	UseRoutes *bool `json:"use_routes,omitempty"`
	// Ask the name servers that DHCP and routers name, after those of dns; on by default.
	UseDNS *bool `json:"use_dns,omitempty"`
	// Send no larger packets than DHCPv4 or routers say, where mtu says nothing; on by default.
	UseMTU *bool `json:"use_mtu,omitempty"`
	// Look for short names in the domains that DHCP and routers name; on by default.
	UseDomain *bool `json:"use_domain,omitempty"`
	// Static addresses with their prefix length.
	Addresses []netip.Prefix `json:"addresses,omitempty" site:"addresses" twice:"fine"`
	// Default routers, used with static addresses.
	Gateways []netip.Addr `json:"gateways,omitempty" site:"addresses" twice:"refused"`
	// Name servers.
	DNS []netip.Addr `json:"dns,omitempty" site:"addresses"`
	// Largest packet in bytes; by default what the driver says, or a DHCP server where that is less (use_mtu). No less than 1280 where IPv6
	// is used, and no more than what carries it. A device that takes less gets what it takes, and the boot is degraded.
	MTU int `json:"mtu,omitempty" accept:"68 to 65535"`
	// Hardware address to use instead of the interface's own, as 52:54:00:12:34:56.
	MAC MAC `json:"mac,omitempty"`
	// No addresses at all, not even a link-local one: the interface only carries frames for others.
	NoAddress bool `json:"no_address,omitempty"`
	// Answer and ask by ARP; on by default.
	ARP *bool `json:"arp,omitempty"`
	// Forward packets that arrive here (ip-sysctl, forwarding), IPv4 and IPv6.
	Forwarding *bool `json:"forwarding,omitempty"`
	// Answer ARP for hosts that are reached elsewhere (ip-sysctl, proxy_arp).
	ProxyARP *bool `json:"proxy_arp,omitempty"`
	// Further kernel settings of this interface, below net.ipv4.conf and net.ipv6.conf:
	// "ipv6.autoconf" = 0.
	Sysctl map[string]string `json:"sysctl,omitempty" scalar:"true"`
	// What else counts as online, besides carrier, usable addresses and a router.
	Online Online `json:"online,omitzero" zero:"refused"`
	// A boot without this interface is not a failure.
	Optional bool `json:"optional,omitempty"`
}

// Online says when an interface counts as online.
type Online struct {
	// A TCP port, as ADDRESS:PORT (IPv6 in brackets), that must answer over the interface; a refusal is an answer, too.
	Probe netip.AddrPort `json:"probe,omitzero"`
}

// Ethernet is a network interface of hardware. Rows are served in the order of
// their names; an interface that one row took is not offered to the next.
type Ethernet struct {
	// Which interface this is. An empty match takes any Ethernet interface, in
	// the order of the bus.
	Match Match `json:"match,omitzero" zero:"taken"`
	Addressing
}

// Match selects an interface; every key given must hold.
type Match struct {
	// MAC address, as 52:54:00:12:34:56.
	MAC MAC `json:"mac,omitempty"`
	// Names of kernel drivers, any of which will do.
	Driver []string `json:"driver,omitempty" zero:"refused"`
	// Bus address, as in /sys/bus/pci/devices: 0000:03:00.0.
	Path string `json:"path,omitempty" zero:"refused"`
	// Which of the interfaces that match otherwise, counted from 0 in bus order, once drivers were loaded for what there is.
	Index *int `json:"index,omitempty"`
}
