package profile

const (
	tunnel = "[wireguard.wg]\nprivate_key_file = \"/run/wg\"\nlisten_port = 51820\naddresses = [\"10.9.0.1/24\"]\n"
	peerA  = "[wireguard.wg.peer.a]\npublic_key = \"QiyOemIn17yhNQs+K7cnn3iXuHu2hUt4PGDoAxGuMHk=\"\n"
	peerB  = "[wireguard.wg.peer.b]\npublic_key = \"xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=\"\n"
)

// Routes and rules, tunnels, and the way in beside a firewall.
var routeMistakes = []problemCase{
	{"routes that lead nowhere", lanRow + "[ethernet.off]\nno_address = true\n[route.a]\ndestination = \"127.0.0.0/8\"\nlink = \"lan\"\n[route.b]\ndestination = \"10.0.0.0/8\"\nlink = \"lan\"\nvia = \"192.0.2.255\"\n" +
		"[route.c]\ndestination = \"10.0.0.0/8\"\nlink = \"off\"\nvia = \"192.0.2.9\"\nmetric = 60\n[route.d]\ndestination = \"0.0.0.0/0\"\nlink = \"lan\"\n", []string{
		`p.toml:14:15: route.a.destination: 127.0.0.0/8 is this machine itself; accepted: a network of others`,
		`p.toml:19:7: route.b.via: 192.0.2.255 is no router's address`,
		`p.toml:22:8: route.c.link: off has no address, and so nobody to send to`,
		`p.toml:25:1: warning: route.d: takes everybody for a neighbour on lan; accepted: via, the address of the router`,
	}},
	{"rules of one priority", lanRow + "[route.r]\ndestination = \"0.0.0.0/0\"\nlink = \"lan\"\nvia = \"192.0.2.9\"\ntable = 100\n" +
		"[rule.a]\nfrom = \"10.0.0.0/8\"\ntable = 100\npriority = 9\n[rule.b]\nfrom = \"10.0.0.0/8\"\ntable = 100\npriority = 9\n[rule.c]\nfrom = \"10.1.0.0/16\"\ntable = 254\npriority = 9\n" +
		"[rule.d]\nfrom = \"2001:db8::/64\"\ntable = 100\npriority = 10\n", []string{
		`p.toml:20:1: rule.b: says what rule.a says; accepted: each rule once`,
		`p.toml:27:12: warning: rule.c.priority: 9 is that of rule.a, which takes some of the same packets to another table`,
		`p.toml:27:12: warning: rule.c.priority: 9 is that of rule.b`,
		`p.toml:30:9: rule.d.table: 100 has no route of the family of 2001:db8::/64 in this profile`,
	}},
	{"rules of one priority that do not meet", lanRow + "[route.r]\ndestination = \"0.0.0.0/0\"\nlink = \"lan\"\nvia = \"192.0.2.9\"\ntable = 100\n" +
		"[rule.a]\nfrom = \"10.0.0.0/8\"\ntable = 100\npriority = 9\n[rule.b]\nfrom = \"172.16.0.0/12\"\ntable = 254\npriority = 9\n[rule.c]\nfwmark = 1\ntable = 100\npriority = 8\n[rule.d]\nfwmark = 2\ntable = 254\npriority = 8\n", nil},
	{"ends of a tunnel", lanRow + tunnel + peerA + "allowed_ips = [\"10.9.0.1/32\", \"10.9.0.16/28\"]\nendpoint = \"192.0.2.1:51820\"\npreshared_key_file = \"/run/wg\"\n" +
		peerB + "allowed_ips = [\"10.9.0.17/32\"]\nendpoint = \"10.9.0.17:51820\"\n[route.r]\ndestination = \"10.20.0.0/16\"\nlink = \"wg\"\n", []string{
		`p.toml:17:16: wireguard.wg.peer.a.allowed_ips[0]: 10.9.0.1 is this machine's own address; accepted: the peer's, and networks behind it`,
		`p.toml:18:12: wireguard.wg.peer.a.endpoint: 192.0.2.1 is this machine's own address; accepted: where the peer is`,
		`p.toml:19:22: wireguard.wg.peer.a.preshared_key_file: is the file of the private key`,
		`p.toml:22:16: warning: wireguard.wg.peer.b.allowed_ips[0]: 10.9.0.17/32 lies in 10.9.0.16/28 of a, which then has no packets of it`,
		`p.toml:23:12: wireguard.wg.peer.b.endpoint: 10.9.0.17 lies in the tunnel that is to lead there`,
		`p.toml:26:8: route.r.link: no peer of wg may have packets for 10.20.0.0/16; accepted: that network among the allowed_ips of one`,
	}},
	{"tunnels that nobody begins", "[wireguard.wg]\nprivate_key_file = \"/run/wg\"\naddresses = [\"10.9.0.1/24\"]\n" + peerA + "allowed_ips = [\"10.9.0.2/32\"]\n" + peerB + "endpoint = \"0.0.0.0:51820\"\n[wireguard.wh]\nprivate_key_file = \"/run/wh\"\naddresses = [\"10.8.0.1/24\"]\n", []string{
		`p.toml:11:1: warning: wireguard.wg.peer.a: has no endpoint, and wireguard.wg has no listen_port that the peer could know: neither can begin`,
		`p.toml:16:12: wireguard.wg.peer.b.endpoint: 0.0.0.0 is no machine's address`,
	}},
	{"everything by one peer, and one host by another", tunnel + peerA + "allowed_ips = [\"0.0.0.0/0\"]\n" + peerB + "allowed_ips = [\"10.9.0.3/32\"]\n[route.r]\ndestination = \"10.20.0.0/16\"\nlink = \"wg\"\n", nil},
	{"a way in that nobody can take", lanRow + "[bridge.b]\nports = [\"p\"]\ndhcp4 = true\n[ethernet.p]\n[dummy.d]\n[firewall]\nrules = \"/etc/r\"\nmanagement = { interfaces = [\"lan\", \"p\", \"d\"], tcp = [22] }\n[ssh]\nport = 2222\npassword = true\n", []string{
		`p.toml:18:37: firewall.management.interfaces[1]: nobody reaches this machine by p: it is a dummy, a port of another or without an address`,
		`p.toml:18:42: firewall.management.interfaces[2]: nobody reaches this machine by d`,
		`p.toml:18:54: warning: firewall.management.tcp: does not have 2222, the port of the SSH server`,
	}},
}
