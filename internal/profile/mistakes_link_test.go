package profile

const (
	// lanRow and wanRow are two interfaces with addresses; the next line is 14.
	lanRow = "[ethernet.lan]\nmatch = { index = 0 }\naddresses = [\"192.0.2.1/24\", \"2001:db8::1/64\"]\n"
	wanRow = "[ethernet.wan]\nmatch = { index = 1 }\naddresses = [\"198.51.100.1/24\"]\n"
)

// Interfaces: addresses, hardware, and what they are made of.
var linkMistakes = []problemCase{
	{"two rows for one interface", "[ethernet.a]\nmatch = { mac = \"02:00:00:00:00:01\" }\ndhcp4 = true\n[ethernet.b]\nmatch = { mac = \"02-00-00-00-00-01\" }\ndhcp4 = true\n[ethernet.c]\nmatch = { mac = \"01:00:5e:00:00:01\" }\ndhcp4 = true\n" +
		"[ethernet.d]\nmatch = { driver = [\"igb\"], index = 1 }\ndhcp4 = true\n[ethernet.e]\nmatch = { driver = [\"igb\"], index = 1 }\ndhcp4 = true\n[ethernet.f]\ndhcp4 = true\n[ethernet.g]\nmatch = { index = 0 }\ndhcp4 = true\n", []string{
		`p.toml:12:17: ethernet.b.match.mac: 02:00:00:00:00:01 is what ethernet.a matches already; accepted: each interface in one row`,
		`p.toml:15:17: ethernet.c.match.mac: 01:00:5e:00:00:01 is no interface's address`,
		`p.toml:21:37: ethernet.e.match.index: 1 is the interface that ethernet.d takes already; accepted: another one`,
		`p.toml:26:19: ethernet.g.match.index: 0 is the interface that ethernet.f takes already`,
	}},
	{"rows for several interfaces", "[ethernet.a]\ndhcp4 = true\n[ethernet.b]\ndhcp4 = true\n[ethernet.c]\nmatch = { index = 2 }\ndhcp4 = true\n[ethernet.d]\nmatch = { driver = [\"igb\"], index = 0 }\ndhcp4 = true\n" +
		"[ethernet.e]\nmatch = { driver = [\"igb\"] }\ndhcp4 = true\n[ethernet.f]\nmatch = { mac = \"02:00:00:00:00:01\", index = 0 }\ndhcp4 = true\n", nil},
	{"one hardware address twice", "[ethernet.a]\nmac = \"02:00:00:00:00:01\"\ndhcp4 = true\n[ethernet.b]\nmac = \"02:00:00:00:00:01\"\ndhcp4 = true\n[vlan.x]\nparent = \"a\"\nid = 5\nmac = \"02:00:00:00:00:01\"\ndhcp4 = true\n", []string{
		`p.toml:12:7: ethernet.b.mac: 02:00:00:00:00:01 is that of a already; accepted: an address of its own`,
		`p.toml:17:7: vlan.x.mac: 02:00:00:00:00:01 is that of b already`,
	}},
	{"a bridge with its port's hardware address", "[ethernet.a]\nmac = \"02:00:00:00:00:01\"\n[bridge.b]\nports = [\"a\"]\nmac = \"02:00:00:00:00:01\"\ndhcp4 = true\n", nil},
	{"a router that is oneself, or a network", lanRow + wanRow + "gateways = [\"192.0.2.1\", \"198.51.100.0\", \"198.51.100.254\"]\n", []string{
		`p.toml:14:13: ethernet.wan.gateways[0]: 192.0.2.1 is this machine's own address, by ethernet.lan.addresses[0]; accepted: the router's`,
		`p.toml:14:26: warning: ethernet.wan.gateways[1]: 198.51.100.0 is the address of its network as a whole`,
	}},
	{"broadcast addresses as servers", lanRow + wanRow + "dns = [\"192.0.2.255\", \"192.0.2.254\"]\n[log]\nremote = \"udp://198.51.100.255\"\n", []string{
		`p.toml:14:8: ethernet.wan.dns[0]: 192.0.2.255 is no machine's address`,
		`p.toml:16:10: log.remote: 198.51.100.255 is no machine's address`,
	}},
	{"whom one cannot ask", lanRow + "online = { probe = \"192.0.2.1:22\" }\n" + wanRow + "online = { probe = \"127.0.0.1:22\" }\n", []string{
		`p.toml:11:20: ethernet.lan.online.probe: 192.0.2.1 is this machine itself, which answers without a network; accepted: another machine's address`,
		`p.toml:15:20: ethernet.wan.online.probe: 127.0.0.1 is this machine itself`,
	}},
	{"networks in each other", lanRow + "[ethernet.wan]\naddresses = [\"192.0.2.129/25\", \"2001:db8::2/128\", \"fe80::1/64\"]\n[dummy.d]\naddresses = [\"192.0.2.9/24\"]\n", []string{
		`p.toml:12:14: warning: ethernet.wan.addresses[0]: 192.0.2.129/25 and 192.0.2.1/24 of lan are one network, or one lies in the other: what goes there leaves by one of the two`,
	}},
	{"networks in each other, on purpose", lanRow + "[ethernet.wan]\naddresses = [\"192.0.2.129/25\"]\nproxy_arp = true\n", nil},
	{"no IPv6, and IPv6", "[ethernet.lan]\nra = true\naddresses = [\"2001:db8::1/64\"]\nsysctl = { \"ipv6.disable_ipv6\" = 1 }\n[ethernet.wan]\nra = false\ndhcp4 = true\nsysctl = { \"ipv6.disable_ipv6\" = 1 }\n", []string{
		`p.toml:11:34: ethernet.lan.sysctl."ipv6.disable_ipv6": takes IPv6 from the interface, and addresses asks for it; accepted: one of them`,
		`p.toml:11:34: ethernet.lan.sysctl."ipv6.disable_ipv6": takes IPv6 from the interface, and ra asks for it`,
	}},
	{"ARP for others alone", "[ethernet.lan]\ndhcp4 = true\narp = false\nproxy_arp = true\n", []string{
		`p.toml:11:13: ethernet.lan.proxy_arp: answers ARP for others, and arp = false answers none; accepted: one of them`,
	}},
	{"a tag beside its name", "[ethernet.lan]\n[vlan.\"lan.20\"]\nparent = \"lan\"\nid = 30\ndhcp4 = true\n[vlan.vlan40]\nparent = \"lan\"\nid = 40\ndhcp4 = true\n[vlan.office2]\nparent = \"lan\"\nid = 50\ndhcp4 = true\n", []string{
		`p.toml:11:6: warning: vlan."lan.20".id: is 30, and its name says 20; accepted: the same number in both`,
	}},
	{"a bond that looks at its ports too seldom", "[ethernet.lan]\n[bond.b]\nports = [\"lan\"]\nmiimon = \"100s\"\ndhcp4 = true\n[ethernet.x]\n[bond.c]\nports = [\"x\"]\nmiimon = \"999us\"\ndhcp4 = true\n", []string{
		`p.toml:11:10: bond.b.miimon: is 1m40s; accepted: 1ms to 10s, or nothing would see a cable that is pulled`,
		`p.toml:16:10: bond.c.miimon: is 999µs; accepted: 1ms to 10s`,
	}},
}
