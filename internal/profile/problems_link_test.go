package profile

// Interfaces, routes and the packet filter.
var linkProblems = []problemCase{
	{"a stack drawn on paper", sound + stack, nil},
	{"ports and parents that are not there", sound + "[ethernet.lan]\n[bond.bond0]\nports = [\"lan\", \"lan2\"]\n[vlan.v20]\nparent = \"bond1\"\nid = 4095\naddresses = [\"192.0.2.1/24\"]\n[bridge.br0]\nports = [\"lan\"]\ndhcp4 = true\n", []string{
		`p.toml:9:1: warning: bond.bond0: has no address`,
		`p.toml:10:17: bond.bond0.ports[1]: there is no interface "lan2"; did you mean lan?`,
		`p.toml:12:10: vlan.v20.parent: there is no interface "bond1"; did you mean bond0?`,
		`p.toml:13:6: vlan.v20.id: is 4095; accepted: 1 to 4094`,
		`p.toml:16:10: bridge.br0.ports[0]: lan is a port of bond0 already`,
	}},
	{"hardware addresses", sound + "[ethernet.lan]\ndhcp4 = true\nmac = \"03:00:00:00:00:01\"\n[ethernet.p]\nmac = \"02:00:00:00:00:01\"\n[bond.b]\nports = [\"p\"]\nmac = \"02:00:00:00:00:02\"\ndhcp4 = true\n", []string{
		`p.toml:10:7: ethernet.lan.mac: 03:00:00:00:00:01 is not an interface's address`,
		`p.toml:12:7: ethernet.p.mac: is what a tunnel has none of, and what a bond gives to its ports`,
	}},
	{"an address on a port", sound + "[ethernet.lan]\ndhcp4 = true\n[bridge.br0]\nports = [\"lan\"]\nno_address = true\n", []string{
		`p.toml:8:1: ethernet.lan: is a port of br0 and cannot have addresses of its own; accepted: addresses on br0`,
	}},
	{"what is taken of what nobody says", sound + `[ethernet.lan]
ra = false
addresses = ["192.0.2.9/24"]
use_routes = false
use_dns = true
use_mtu = false
use_domain = false
[ethernet.wan]
use_routes = true
dhcp4 = true
[ethernet.six]
dhcp6 = true
ra = false
use_mtu = false
use_dns = false
[ethernet.p]
use_routes = true
[bridge.b]
ports = ["p"]
ra = true
use_routes = true
[ethernet.small]
dhcp4 = true
ra = false
mtu = 1400
use_mtu = true
[ethernet.old]
dhcp4 = true
ra_routes = true
`, []string{
		`p.toml:11:14: ethernet.lan.use_routes: is about what others say, and this interface asks nobody who could; accepted: with dhcp4 = true or ra = true`,
		`p.toml:12:11: ethernet.lan.use_dns: is about what others say, and this interface asks nobody who could; accepted: with dhcp4 = true, dhcp6 = true or ra = true`,
		`p.toml:13:11: ethernet.lan.use_mtu: is about what others say`,
		`p.toml:14:14: ethernet.lan.use_domain: is about what others say`,
		`p.toml:21:11: ethernet.six.use_mtu: is about what others say, and this interface asks nobody who could; accepted: with dhcp4 = true or ra = true`,
		`p.toml:24:14: ethernet.p.use_routes: is about what others say`,
		`p.toml:33:11: ethernet.small.use_mtu: is true beside mtu = 1400, which counts in its place; accepted: one of them`,
		`p.toml:36:1: ethernet.old.ra_routes: unknown key; did you mean use_routes?`,
	}},
	{"routes, rules and tunnels", sound + `
[ethernet.lan]
dhcp4 = true
[route.far]
destination = "10.0.0.1/8"
link = "lna"
via = "2001:db8::1"
[rule.guests]
from = "192.0.2.0/24"
table = 7
priority = 40000
[wireguard.wg0]
private_key_file = "key"
addresses = ["192.0.2.1/24"]
[wireguard.wg0.peer.far]
public_key = "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg="
endpoint = "far"
keepalive = "1500ms"
`, []string{
		`p.toml:12:15: route.far.destination: 10.0.0.1/8 is an address in a network; accepted: the network, 10.0.0.0/8`,
		`p.toml:13:8: route.far.link: there is no interface "lna"; did you mean lan?`,
		`p.toml:14:7: route.far.via: 2001:db8::1 is not of the family of 10.0.0.1/8`,
		`p.toml:17:9: rule.guests.table: 7 has no route in this profile`,
		`p.toml:18:12: rule.guests.priority: is 40000; accepted: 1 to 32765`,
		`p.toml:20:20: wireguard.wg0.private_key_file: is not the absolute path of a file; accepted: one on state, such as "/var/lib/wireguard/wg0.key"`,
		`p.toml:24:12: wireguard.wg0.peer.far.endpoint: is "far"; accepted: "HOST:PORT", IPv6 in brackets`,
		`p.toml:25:13: wireguard.wg0.peer.far.keepalive: is 1.5s; accepted: 1s to 65535s in whole seconds`,
	}},
	{"one name twice", sound + "[ethernet.lan]\ndhcp4 = true\n[dummy.lan]\n", []string{
		`p.toml:8:1: ethernet.lan: lan is the name of a dummy already`,
	}},
	{"a firewall of another machine", sound + "[firewall]\nrules = \"rules.nft\"\nreverse_path = \"lose\"\n", []string{
		`p.toml:9:9: firewall.rules: "rules.nft" is not a path in the image`,
		`p.toml:10:16: firewall.reverse_path: "lose" is not a filter by the way back; accepted: strict, loose, off`,
	}},
	{"a way in that is none", sound + "[ethernet.lan]\ndhcp4 = true\n[firewall]\nrules = \"rules.nft\"\nmanagement = { interfaces = [\"lna\"] }\nlog = { groups = [-1], rate = 20000 }\n", []string{
		`p.toml:11:9: firewall.rules: "rules.nft" is not a path in the image`,
		`p.toml:12:29: firewall.management.interfaces: opens nothing: there is no [ssh]; accepted: tcp = [PORT] as well`,
		`p.toml:12:30: firewall.management.interfaces[0]: there is no interface "lna"; did you mean lan?`,
		`p.toml:13:19: firewall.log.groups[0]: is -1; accepted: 0 to 65535`,
		`p.toml:13:31: firewall.log.rate: is 20000; accepted: 1 to 10000`,
	}},
	{"a flow table of nothing", sound + "[ethernet.lan]\ndhcp4 = true\n[firewall]\nflow = { table = \"fast\", interfaces = [\"lna\"] }\n", []string{
		`p.toml:11:18: firewall.flow.table: "fast" is no flow table; accepted: its family, table and name, such as "inet filter fast"`,
		`p.toml:11:40: firewall.flow.interfaces[0]: there is no interface "lna"; did you mean lan?`,
	}},
	{"ports on no interface", sound + "[firewall]\nmanagement = { tcp = [22, 70000] }\n", []string{
		`p.toml:9:14: firewall.management: opens ports on no interface; accepted: interfaces = ["NAME"] as well`,
		`p.toml:9:27: firewall.management.tcp[1]: is 70000; accepted: 1 to 65535`,
	}},
	{"a circle of interfaces", sound + "[vlan.a]\nparent = \"b\"\nid = 1\ndhcp4 = true\n[vlan.b]\nparent = \"a\"\nid = 1\ndhcp4 = true\n", []string{
		`p.toml:8:1: vlan.a: interfaces are made of each other in a circle: a -> b -> a`,
	}},
}

const stack = `
[ethernet.a]
[ethernet.b]
[bond.bond0]
ports = ["a", "b"]
mode = "802.3ad"
lacp_rate = "fast"
[vlan."bond0.20"]
parent = "bond0"
id = 20
[bridge.br20]
ports = ["bond0.20"]
addresses = ["192.0.2.20/24", "2001:db8:20::20/64"]
ra = true
sysctl = { "ipv6.autoconf" = 0 }
[service.x]
command = ["/x"]
needs = ["online:br20", "link:bond0.20"]
`
