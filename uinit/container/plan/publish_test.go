package plan

import (
	"fmt"
	"strings"
	"testing"
)

// One way out of a network of its own, and ports that lead to one container each.
func TestPublished(t *testing.T) {
	const web = "[container.web]\n"
	finds(t, map[string][]string{
		web + `publish = ["8080:80", "192.0.2.1:53:53/udp", "53:53"]`: nil,
		web + "nat = true\nnamespaces = [\"pid\"]":                    {"2 container.web.nat: is for a network of its own, and namespaces leaves out net"},
		web + "publish = [\"1:1\"]\nnat = true\n[container.web.nic.eth0]\nbridge = \"br0\"\ndhcp4 = true": {
			"2 container.web.publish: goes by this machine's addresses, and nic gives it a network of its own, where others reach it without; accepted: one of them", "3 container.web.nat: goes by"},
		web + "namespaces = [\"pid\"]\n[container.web.nic.eth0]\nbridge = \"br0\"\ndhcp4 = true": {"3 container.web.nic: is for a network of its own"},
		web + `publish = ["127.0.0.1:1:1", "0.0.0.0:1:1"]`:                                       {"2 container.web.publish[0]: 127.0.0.1 is no address that others reach", "2 container.web.publish[1]: 0.0.0.0 is no address"},
		web + `publish = ["198.51.100.1:1:1"]`:                                                   {"2 warning: container.web.publish[0]: no row gives an interface 198.51.100.1: unless DHCP or a router brings it, nobody reaches the container there"},
		web + `publish = ["53:53/udp", "53:54/udp"]`:                                             {"2 container.web.publish[1]: UDP port 53 is that of container:web; accepted: another port, or other addresses"},
		web + `publish = ["192.0.2.1:53:53/udp", "53:54/udp"]`:                                   {"2 container.web.publish[1]: UDP port 53 is that of container:web"},
		web + `publish = ["53:53/udp", "53:53"]`:                                                 nil,
		web + "publish = [\"53:53/udp\"]\n[container.a]\npublish = [\"53:53/udp\"]":              {"2 container.web.publish[0]: UDP port 53 is that of container:a"},
		web + "publish = [\"51820:1/udp\"]\n[wireguard.wg0]\nlisten_port = 51820":                {"2 container.web.publish[0]: UDP port 51820 is that of the tunnel wg0"},
		web + "nat = true\n[dummy.e]\naddresses = [\"10.88.7.1/24\"]":                            {"4 dummy.e.addresses[0]: 10.88.7.1/24 lies in 10.88.0.0/16, where containers that publish ports or have nat get theirs"},
		web + "nat = true\n[dummy.web--host0]":                                                   {"1 container.web: its end on this machine is to be called web--host0"},
	})
}

// Published ports of TCP are servers of the machine.
func TestListens(t *testing.T) {
	m, _ := read(t, "[container.web]\npublish = [\"8080:80\", \"53:53/udp\", \"192.0.2.1:81:82\"]\n[container.db]\nnat = true")
	if got, want := fmt.Sprint(listens(m)), "[{container.web.publish[0] container:web 8080 []  false} {container.web.publish[2] container:web 81 [192.0.2.1]  false}]"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// Modules are those of what is used.
func TestModules(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "[container.web]": "",
		"[container.web.nic.a]\nbridge = \"br0\"\n[container.web.nic.b]\nbridge = \"br0\"": "veth",
		"[container.web.nic.a]\nlink = \"lan\"":                                            "macvlan",
		"[container.web]\npublish = [\"8080:80\"]":                                         "veth nf_tables nft_chain_nat nft_nat nft_masq nft_ct nft_fib_inet nf_conntrack_netlink",
	} {
		m, _ := read(t, text)
		var names []string
		for _, w := range NetworkModules(m) {
			names = append(names, w.Module)
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}
