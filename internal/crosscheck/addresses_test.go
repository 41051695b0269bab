package crosscheck

import "testing"

// Addresses that no interface can have, and that no machine can be asked at.
func TestAddresses(t *testing.T) {
	lan := func(more string) string { return "[ethernet.lan]\nra = false\n" + more }
	const home = "addresses = [\"192.0.2.1/24\", \"2001:db8::1/64\"]\n"
	finds(t, map[string][]string{
		lan(home): nil, lan(`addresses = ["192.0.2.1/32", "192.0.2.4/31", "2001:db8::/127", "fe80::1/64"]`): nil,
		lan(`addresses = ["192.0.2.255/24"]`):                                     {"3 ethernet.lan.addresses[0]: 192.0.2.255 is its network's broadcast address; accepted: another of 192.0.2.0/24"},
		lan(`addresses = ["192.0.2.3/30"]`):                                       {"3 ethernet.lan.addresses[0]: 192.0.2.3 is its network's broadcast"},
		lan(`addresses = ["10.1.255.255/9"]`):                                     nil,
		lan(`addresses = ["10.127.255.255/9"]`):                                   {"3 ethernet.lan.addresses[0]: 10.127.255.255 is its network's broadcast"},
		lan(`addresses = ["192.0.2.0/24"]`):                                       {"3 warning: ethernet.lan.addresses[0]: 192.0.2.0 is the address of its network as a whole"},
		lan(`addresses = ["2001:db8::/64"]`):                                      {"3 warning: ethernet.lan.addresses[0]: 2001:db8:: is the address of its network as a whole"},
		lan(`addresses = ["192.0.2.1/0"]`):                                        {"3 ethernet.lan.addresses[0]: 192.0.2.1/0 takes everything for its own network"},
		lan(`addresses = ["127.0.0.1/8"]`):                                        {"3 ethernet.lan.addresses[0]: 127.0.0.1/8 is not an interface's address; accepted: one that"},
		lan(`addresses = ["::1/128"]`):                                            {"3 ethernet.lan.addresses[0]: ::1/128 is not an interface's address"},
		lan(`addresses = ["255.255.255.255/32"]`):                                 {"3 ethernet.lan.addresses[0]: 255.255.255.255/32 is not an interface's address"},
		lan(home + `gateways = ["192.0.2.2", "fe80::1"]`):                         nil,
		lan(home + `gateways = ["192.0.2.1"]`):                                    {"4 ethernet.lan.gateways[0]: 192.0.2.1 is this interface's own address; accepted: the router's"},
		lan(home + `gateways = ["192.0.2.255"]`):                                  {"4 ethernet.lan.gateways[0]: 192.0.2.255 is no router's address"},
		lan(home + `gateways = ["192.0.2.2", "192.0.2.2"]`):                       {"4 ethernet.lan.gateways[1]: 192.0.2.2 is there already"},
		lan("dhcp4 = true\n" + `gateways = ["0.0.0.0"]`):                          {"4 ethernet.lan.gateways[0]: 0.0.0.0 is no router's address"},
		lan("dhcp4 = true\n" + `gateways = ["127.0.0.1"]`):                        {"4 ethernet.lan.gateways[0]: 127.0.0.1 is no router's address"},
		lan(home + `dns = ["192.0.2.53", "127.0.0.1", "fe80::1", "fe80::1%lan"]`): nil,
		lan(home + `dns = ["0.0.0.0"]`):                                           {"4 ethernet.lan.dns[0]: 0.0.0.0 is no machine's address; accepted: such as 192.0.2.53, 2001:db8::53"},
		lan(home + `dns = ["192.0.2.53", "224.0.0.1"]`):                           {"4 ethernet.lan.dns[1]: 224.0.0.1 is no machine's address"},
		lan(home + `dns = ["fe80::1%lam"]`):                                       {"4 ethernet.lan.dns[0]: fe80::1%lam is on every link, and its interface is not named; did you mean lan?; accepted: such as fe80::1%lan"},
		lan(home + `online.probe = "0.0.0.0:53"`):                                 {"4 ethernet.lan.online.probe: 0.0.0.0:53 cannot be reached"},

		// Names that the kernel needs itself.
		"[dummy.all]": {"1 dummy.all: is not an interface name"}, "[dummy.default]": {"1 dummy.default: is not"},
		"[dummy.bonding_masters]": {"1 dummy.bonding_masters: is not"}, "[dummy.defaults]": nil,

		// Servers of time and log.
		"[time]\ndhcp = true\nservers = [\"127.0.0.1\", \"a.example\"]\n": nil,
		"[time]\ndhcp = true\nservers = [\"a.example\", \"0.0.0.0\"]\n":   {"3 time.servers[1]: 0.0.0.0 is no machine's address"},
		"[time]\ndhcp = true\nservers = [\"224.0.1.1\"]\n":                {"3 time.servers[0]: 224.0.1.1 is no machine's address"},
		"[time]\ndhcp = true\nservers = [\"255.255.255.255\"]\n":          {"3 time.servers[0]: 255.255.255.255 is no machine's address"},
		"[time]\ndhcp = true\nservers = [\"fe80::1\"]\n" + lan(home):      {"3 time.servers[0]: fe80::1 is on every link, and its interface is not named; accepted: such as fe80::1%lan"},
		"[time]\ndhcp = true\nservers = [\"fe80::1%lan\"]\n" + lan(home):  nil,
		"[log]\nremote = \"udp://0.0.0.0\"":                               {"2 log.remote: 0.0.0.0 is no machine's address"},
		"[log]\nremote = \"tcp://[ff02::1]:514\"":                         {"2 log.remote: ff02::1 is no machine's address"},
		"[log]\nremote = \"udp://[fe80::1]:514\"\n" + lan(home):           {"2 log.remote: fe80::1 is on every link"},
		"[log]\nremote = \"udp://[fe80::1%lam]:514\"\n" + lan(home):       {"2 log.remote: fe80::1%lam is on every link, and its interface is not named; did you mean lan?"},
		"[log]\nremote = \"udp://[fe80::1%lan]:514\"\n" + lan(home):       nil,
	})
}
