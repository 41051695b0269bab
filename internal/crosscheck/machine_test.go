package crosscheck

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/internal/strict"
	"github.com/imgbuild/imgbuild/uinit/graph"
	link "github.com/imgbuild/imgbuild/uinit/link/plan"
	wireguard "github.com/imgbuild/imgbuild/uinit/wireguard/plan"
)

// key is a public key that SSH takes.
const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHKEMkZB1Y/bE0VwOHcpFq5mDFjJFt4dUX7BzVfM8nqL"

// wgA and wgB are two keys of WireGuard.
const (
	wgA = "QiyOemIn17yhNQs+K7cnn3iXuHu2hUt4PGDoAxGuMHk="
	wgB = "jSD4x7v7mvPaTvUy7UTvxozmQrxdDFyx17kblsdO3wI="
)

// read makes a machine of a text; values that do not fit are in doubt, and what is wrong with others is returned.
func read(t *testing.T, text string) (*spec.Machine, strict.Document, problem.Problems, problem.Doubts) {
	t.Helper()
	doc, err := strict.Parse("f", []byte(text))
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	m := new(spec.Machine)
	problems, doubts := strict.Decode(doc.Tree, doc.At, m)
	problems = slices.DeleteFunc(problems, func(p problem.Problem) bool { return doubts.About(p.Key) || strings.Contains(p.Msg, "unknown key") })
	return m, doc, problems, doubts
}

// found is what Machine, and interfaces and WireGuard of their tables, say of a text, a problem a line: "LINE KEY: MESSAGE".
func found(t *testing.T, text string) []string {
	t.Helper()
	m, doc, problems, doubts := read(t, text)
	var lines []string
	tunnels := problem.NewJudge(doc.At.At, doubts)
	wireguard.Plan.Check(tunnels, m)
	link.Plan.Check(tunnels, m)
	for _, p := range slices.Concat(problems, Machine(m, doc.At.At, doubts), tunnels.Found()).Sort() {
		warning := ""
		if p.Warning {
			warning = "warning: "
		}
		lines = append(lines, fmt.Sprintf("%d %s%s: %s", p.Pos.Line, warning, p.Key, p.Msg))
	}
	slices.Sort(lines)
	return lines
}

// finds holds what is found in texts against what should be, each wanted line as its beginning.
func finds(t *testing.T, cases map[string][]string) {
	t.Helper()
	for text, want := range cases {
		got := found(t, text)
		fits := len(got) == len(want)
		for i := range want {
			fits = fits && strings.HasPrefix(got[i], want[i])
		}
		if !fits {
			t.Errorf("%s\n-- gives\n%s\n-- want\n%s", text, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

func TestLinks(t *testing.T) {
	const lan = "[ethernet.lan]\ndhcp4 = true\n"
	finds(t, map[string][]string{
		"": nil,
		// Names.
		"[dummy.fifteen-letters]":  nil,
		"[dummy.sixteen--letters]": {"1 dummy.sixteen--letters: is not an interface name; accepted: up to 15 characters without / : % or blanks, and none of . .. all bonding_masters default lo"},
		"[dummy.lo]":               {"1 dummy.lo: is not an interface name"},
		"[dummy.\"\"]":             {`1 dummy."": is not an interface name`},
		"[dummy.\".\"]":            {`1 dummy.".": is not an interface name`},
		"[dummy.\"..\"]":           {`1 dummy."..": is not an interface name`},
		"[dummy.\"...\"]":          nil,
		"[dummy.\"a/b\"]":          {`1 dummy."a/b": is not an interface name`},
		"[dummy.\"a:b\"]":          {`1 dummy."a:b": is not an interface name`},
		"[dummy.\"a b\"]":          {`1 dummy."a b": is not an interface name`},
		"[dummy.\"a%b\"]":          {`1 dummy."a%b": is not an interface name`},
		"[ethernet.a]\ndhcp4 = true\n[dummy.a]\n[dummy.b]": {"1 ethernet.a: a is the name of a dummy already; accepted: each name once over all kinds of interfaces"},
		// Which one.
		"[ethernet.a]\ndhcp4 = true\nmatch = { index = 0 }":  nil,
		"[ethernet.a]\ndhcp4 = true\nmatch = { index = -1 }": {"3 ethernet.a.match.index: is -1; accepted: 0 and up"},
		// Options of other modes.
		"[ethernet.a]\n[bond.x]\nports = [\"a\"]\nno_address = true\nlacp_rate = \"fast\"\nmin_links = 1\nhash_policy = \"layer3+4\"": {
			"5 bond.x.lacp_rate: means nothing with mode active-backup; accepted: 802.3ad", "6 bond.x.min_links: means nothing with mode active-backup; accepted: 802.3ad",
			"7 bond.x.hash_policy: means nothing with mode active-backup; accepted: 802.3ad, balance-xor, balance-tlb"},
		"[ethernet.a]\n[bond.x]\nports = [\"a\"]\nno_address = true\nmode = \"802.3ad\"\nlacp_rate = \"fast\"\nmin_links = 1\nhash_policy = \"layer3+4\"": nil,
		// Where it is.
		"[ethernet.a]\ndhcp4 = true\nmatch = { path = \"0000:03:00.0\" }":        nil,
		"[ethernet.a]\ndhcp4 = true\nmatch = { path = \"10000:e1:00.0\" }":       nil,
		"[ethernet.a]\ndhcp4 = true\nmatch = { path = \"usb-0000:00:14.0-10\" }": nil,
		"[ethernet.a]\ndhcp4 = true\nmatch = { path = \"fd580000.ethernet\" }":   nil,
		"[ethernet.a]\ndhcp4 = true\nmatch = { path = \"03:00.0\" }":             {`3 ethernet.a.match.path: "03:00.0" is no address of a bus as the kernel writes it; accepted: "0000:03:00.0"`},
		"[ethernet.a]\ndhcp4 = true\nmatch = { path = \"pci@0000:0A:00.0\" }":    {`3 ethernet.a.match.path: "pci@0000:0A:00.0" is no address of a bus as the kernel writes it; accepted: "0000:0a:00.0"`},
		"[ethernet.a]\ndhcp4 = true\nmatch = { path = \"foo\" }":                 {`3 ethernet.a.match.path: "foo" is no address of a bus; accepted: as in /sys/bus/pci/devices, such as "0000:03:00.0"`},
		"[ethernet.a]\ndhcp4 = true\nmatch = { path = \"/sys/x0\" }":             {`3 ethernet.a.match.path: "/sys/x0" is no address of a bus`},
		// Largest packet.
		"[dummy.a]\nmtu = 67":    {"2 dummy.a.mtu: is 67; accepted: 68 to 65535"},
		"[dummy.a]\nmtu = 68":    nil,
		"[dummy.a]\nmtu = 65535": nil,
		"[dummy.a]\nmtu = 65536": {"2 dummy.a.mtu: is 65536"},
		"[dummy.a]\nmtu = -1":    {"2 dummy.a.mtu: is -1"},
		// IPv6 has room.
		lan + "mtu = 1280":                                               nil,
		lan + "mtu = 1279":                                               {"3 ethernet.lan.mtu: is 1279, and IPv6, which is used here, needs 1280 (RFC 8200); accepted: 1280 and up, or sysctl = { \"ipv6.disable_ipv6\" = 1 } where no IPv6 is wanted"},
		lan + "ra = true\nmtu = 1279":                                    {"4 ethernet.lan.mtu: is 1279"},
		lan + "mtu = 1279\nra = false":                                   nil,
		lan + "mtu = 1279\nra = false\ndhcp6 = true":                     {"3 ethernet.lan.mtu: is 1279"},
		lan + "mtu = 1279\nra = false\nforwarding = true":                {"3 ethernet.lan.mtu: is 1279"},
		lan + "mtu = 1279\nra = false\naddresses = [\"2001:db8::1/64\"]": {"3 ethernet.lan.mtu: is 1279"},
		lan + "mtu = 1279\nra = false\n[route.r]\ndestination = \"2001:db8::/32\"\nlink = \"lan\"\nvia = \"fe80::1\"": {"3 ethernet.lan.mtu: is 1279"},
		lan + "mtu = 1279\nsysctl = { \"ipv6.disable_ipv6\" = 1 }":                                                    nil,
		lan + "mtu = 1279\n[sysctl]\n\"net.ipv6.conf.all.disable_ipv6\" = 1":                                          nil,
		"[ethernet.lan]\nno_address = true\nmtu = 1279":                                                               nil,
		"[dummy.a]\nmtu = 1279\naddresses = [\"192.0.2.1/32\"]":                                                       nil,
		"[dummy.a]\nmtu = 1279\naddresses = [\"2001:db8::1/128\"]":                                                    {"2 dummy.a.mtu: is 1279"},
		"[ethernet.lan]\nno_address = true\nmtu = 1000\n[vlan.v]\nparent = \"lan\"\nid = 2\ndhcp4 = true":             {"4 vlan.v: takes packets of 1000 bytes, for that is the mtu of lan, and IPv6, which is used here, needs 1280"},
		"[ethernet.a]\n[ethernet.b]\nmtu = 1000\n[bridge.br]\nports = [\"a\", \"b\"]\ndhcp4 = true":                   {"4 bridge.br: takes packets of 1000 bytes, for that is the mtu of a or b"},
		"[ethernet.lan]\nno_address = true\nmtu = 1000\n[vlan.v]\nparent = \"lan\"\nid = 2\nno_address = true":        nil,
		// Nobody sends more than what carries it takes.
		lan + "[vlan.v]\nparent = \"lan\"\nid = 2\nno_address = true\nmtu = 1500":                                                                              nil,
		lan + "[vlan.v]\nparent = \"lan\"\nid = 2\nno_address = true\nmtu = 1501":                                                                              {"7 vlan.v.mtu: is 1501, more than the 1500 of lan, which carries it; accepted: up to 1500, or a larger mtu for lan"},
		lan + "mtu = 9000\n[vlan.v]\nparent = \"lan\"\nid = 2\nno_address = true\nmtu = 9000\n[vlan.w]\nparent = \"v\"\nid = 2\nno_address = true\nmtu = 9001": {"13 vlan.w.mtu: is 9001, more than the 9000 of v"},
		"[ethernet.a]\n[bond.b]\nports = [\"a\"]\ndhcp4 = true\nmtu = 9000\n[vlan.v]\nparent = \"b\"\nid = 2\nno_address = true\nmtu = 9000":                   nil,
		"[ethernet.a]\nmtu = 1400\n[bond.b]\nports = [\"a\"]\ndhcp4 = true\nmtu = 1500":                                                                        {"6 bond.b.mtu: is 1500, more than the 1400 of a"},
		"[ethernet.a]\nmtu = 1400\n[bond.b]\nports = [\"a\"]\ndhcp4 = true":                                                                                    {"2 ethernet.a.mtu: is 1400, less than the 1500 of b, which is made of it; accepted: 1500 and up, or mtu = 1400 for b"},
		"[ethernet.a]\nmtu = 1400\n[bridge.b]\nports = [\"a\"]\ndhcp4 = true":                                                                                  nil,
		"[ethernet.a]\n[bridge.b]\nports = [\"a\"]\ndhcp4 = true\nmtu = 9000":                                                                                  {"5 bridge.b.mtu: is 9000, more than the 1500 of a"},
		"[bridge.b]\nno_address = true\nmtu = 9000":                                                                                                            nil,
		// Hardware address.
		"[dummy.a]\nmac = \"02:00:00:00:00:01\"":                                                 nil,
		"[dummy.a]\nmac = \"10:00:00:00:00:01\"":                                                 nil,
		"[dummy.a]\nmac = \"01:00:00:00:00:01\"":                                                 {"2 dummy.a.mac: 01:00:00:00:00:01 is not an interface's address; accepted: an even first octet, and not all zeros"},
		"[dummy.a]\nmac = \"0f:00:00:00:00:01\"":                                                 {"2 dummy.a.mac: 0f:"},
		"[dummy.a]\nmac = \"00:00:00:00:00:00\"":                                                 {"2 dummy.a.mac: 00:00:00:00:00:00 is not"},
		"[dummy.a]\nmac = \"00:00:00:00:00:01\"":                                                 nil,
		"[wireguard.w]\nprivate_key_file = \"/k\"\nmac = \"02:00:00:00:00:01\"":                  {"3 wireguard.w.mac: is what a tunnel has none of, and what a bond gives to its ports"},
		"[dummy.a]\nmac = \"02:00:00:00:00:01\"\n[bond.b]\nports = [\"a\"]\nno_address = true":   {"2 dummy.a.mac: is what a tunnel has none of"},
		"[dummy.a]\nmac = \"02:00:00:00:00:01\"\n[bridge.b]\nports = [\"a\"]\nno_address = true": nil,
		// Addresses.
		"[dummy.a]\naddresses = [\"192.0.2.1/24\", \"2001:db8::1/64\"]":                                                            nil,
		"[dummy.a]\naddresses = [\"0.0.0.0/24\", \"224.0.0.1/4\", \"::/0\", \"ff02::1/64\"]":                                       {"2 dummy.a.addresses[0]: 0.0.0.0/24 is not an interface's address", "2 dummy.a.addresses[1]: 224.0.0.1/4", "2 dummy.a.addresses[2]: ::/0", "2 dummy.a.addresses[3]: ff02::1/64"},
		"[dummy.a]\naddresses = [\"192.0.2.1/24\", \"192.0.2.1/25\"]\n[dummy.b]\naddresses = [\"192.0.2.1/24\", \"192.0.2.2/24\"]": {"2 dummy.a.addresses[1]: 192.0.2.1 is given to a already", "4 dummy.b.addresses[0]: 192.0.2.1 is given to a already"},
		// Gateways.
		"[dummy.a]\naddresses = [\"192.0.2.1/24\"]\ngateways = [\"192.0.2.254\"]":                nil,
		"[dummy.a]\naddresses = [\"192.0.2.1/24\"]\ngateways = [\"192.0.2.254\", \"192.0.3.1\"]": {"3 dummy.a.gateways[1]: 192.0.3.1 lies in none of this interface's networks ([192.0.2.1/24])"},
		"[dummy.a]\naddresses = [\"2001:db8::1/64\"]\ngateways = [\"fe80::1\"]":                  nil,
		"[ethernet.a]\ndhcp4 = true\ngateways = [\"192.0.3.1\"]":                                 nil,
		"[ethernet.a]\ndhcp6 = true\ngateways = [\"192.0.3.1\"]":                                 nil,
		"[ethernet.a]\ndhcp6 = false\nra = true\ngateways = [\"192.0.3.1\"]":                     {"4 ethernet.a.gateways[0]: 192.0.3.1 lies in none"},
		"[dummy.a]\naddresses = [7]\ngateways = [\"192.0.3.1\"]":                                 nil, // not told twice
		// Probes.
		"[dummy.a]\naddresses = [\"192.0.2.1/24\"]\nonline = { probe = \"192.0.2.2:80\" }": nil,
		"[dummy.a]\naddresses = [\"192.0.2.1/24\"]\nonline = { probe = \"192.0.2.2:0\" }":  {"3 dummy.a.online.probe: 192.0.2.2:0 cannot be reached from an interface without addresses, nor at port 0"},
		"[dummy.a]\nonline = { probe = \"192.0.2.2:80\" }":                                 {"2 dummy.a.online.probe: 192.0.2.2:80 cannot be reached"},
		"[ethernet.a]\ndhcp4 = true\nonline = { probe = \"192.0.2.2:80\" }":                nil,
		"[ethernet.a]\ndhcp6 = true\nonline = { probe = \"192.0.2.2:80\" }":                nil,
		"[ethernet.a]\nra = true\nonline = { probe = \"192.0.2.2:80\" }":                   nil,
		"[dummy.a]\ndhcp6 = 7\nonline = { probe = \"192.0.2.2:80\" }":                      nil, // not told twice
		// Settings.
		"[dummy.a.sysctl]\n\"ipv4.rp_filter\" = 1\n\"ipv6.autoconf\" = 0":                   nil,
		"[dummy.a.sysctl]\n\"ipv5.x\" = 1":                                                  {`2 dummy.a.sysctl."ipv5.x": is not a setting of an interface; accepted: "ipv4.NAME" or "ipv6.NAME"`},
		"[dummy.a.sysctl]\n\"ipv4\" = 1\n\"ipv4.\" = 1\n\"ipv4.a.b\" = 1\n\"ipv6.a/b\" = 1": {`2 dummy.a.sysctl.ipv4: is not`, `3 dummy.a.sysctl."ipv4.": is not`, `4 dummy.a.sysctl."ipv4.a.b": is not`, `5 dummy.a.sysctl."ipv6.a/b": is not`},
		// With and without addresses.
		"[ethernet.a]":                    {"1 warning: ethernet.a: has no address: none of dhcp4 = true, dhcp6 = true, ra = true, addresses; no_address = true says that this is meant"},
		"[ethernet.a]\nra = false":        {"1 warning: ethernet.a: has no address"},
		"[ethernet.a]\ndhcp6 = false":     {"1 warning: ethernet.a: has no address"},
		"[ethernet.a]\nno_address = true": nil,
		"[dummy.a]":                       nil,
		"[ethernet.a]\n[vlan.v]\nparent = \"a\"\nid = 5\ndhcp4 = true":       nil,
		"[ethernet.a]\n[vlan.v]\nparent = \"b\"\nid = 5\ndhcp4 = true":       {`1 warning: ethernet.a: has no address`, `3 vlan.v.parent: there is no interface "b"`},
		"[ethernet.a]\n[vlan.v]\nparent = 7\nid = 5\ndhcp4 = true":           nil, // it may lie on a
		"[ethernet.a]\n[bridge.b]\nports = [\"a\"]\ndhcp4 = true":            nil,
		"[ethernet.a]\ndhcp4 = true\nno_address = true":                      {"3 ethernet.a.no_address: stands beside an address; accepted: one of them"},
		"[ethernet.a]\ndhcp6 = true\nno_address = true":                      {"3 ethernet.a.no_address: stands beside an address"},
		"[ethernet.a]\nra = true\nno_address = true":                         {"3 ethernet.a.no_address: stands beside an address"},
		"[ethernet.a]\naddresses = [\"192.0.2.1/24\"]\nno_address = true":    {"3 ethernet.a.no_address: stands beside an address"},
		"[ethernet.a]\nra = true\n[bridge.b]\nports = [\"a\"]\ndhcp4 = true": {"1 ethernet.a: is a port of b and cannot have addresses of its own; accepted: addresses on b"},
	})
}

func TestPorts(t *testing.T) {
	const abc = "[dummy.a]\n[dummy.b]\n[dummy.c]\n"
	finds(t, map[string][]string{
		abc + "[bond.x]\nports = [\"a\", \"b\"]\nno_address = true\n[bridge.y]\nno_address = true\nports = [\"c\", \"x\"]": nil,
		abc + "[bridge.x]\nno_address = true\nports = [\"a\", \"d\"]":                                                      {`6 bridge.x.ports[1]: there is no interface "d"`},
		abc + "[bridge.x]\nno_address = true\nports = [\"a\", \"a\"]":                                                      {"6 bridge.x.ports[1]: a is a port of x already"},
		abc + "[bridge.x]\nno_address = true\nports = [\"a\"]\n[bridge.y]\nno_address = true\nports = [\"b\", \"a\"]":      {"9 bridge.y.ports[1]: a is a port of x already"},
		"[bridge.x]\nno_address = true\n[bridge.y]\nno_address = true\nports = [\"x\"]":                                    {"5 bridge.y.ports[0]: x is a bridge, which a bridge cannot have as a port"},
		"[wireguard.w]\nprivate_key_file = \"/k\"\n[bridge.y]\nno_address = true\nports = [\"w\"]":                         {"5 bridge.y.ports[0]: w is a wireguard, which a bridge cannot have as a port"},
		abc + "[vlan.v]\nparent = \"a\"\nid = 1\n[bond.y]\nno_address = true\nports = [\"v\"]":                             {"9 bond.y.ports[0]: v is a vlan, which a bond cannot have as a port"},
		abc + "[vlan.v]\nparent = \"a\"\nid = 1\n[bridge.y]\nno_address = true\nports = [\"v\"]":                           nil,
		"[ethernet.e]\n[bond.y]\nno_address = true\nports = [\"e\"]":                                                       nil,
		"[bond.y]\nno_address = true\nports = []":                                                                          {"3 bond.y.ports: is empty; accepted: the names of the interfaces that the bond is made of"},
		"[bridge.y]\nno_address = true\nports = []":                                                                        nil,
		// What a port means that is misspelt elsewhere is not told.
		"[dumy.a]\n[bridge.x]\nno_address = true\nports = [\"a\"]": nil,
		"[dumy.b]\n[bridge.x]\nno_address = true\nports = [\"a\"]": {`4 bridge.x.ports[0]: there is no interface "a"`},
		// A bond's own keys.
		abc + "[bond.x]\nno_address = true\nports = [\"a\", \"b\"]\nprimary = \"b\"":                   nil,
		abc + "[bond.x]\nno_address = true\nports = [\"a\", \"b\"]\nprimary = \"c\"":                   {`7 bond.x.primary: "c" is none of the bond's ports`},
		abc + "[bond.x]\nno_address = true\nports = [\"a\"]\nprimary = \"a\"\nmode = \"balance-tlb\"":  nil,
		abc + "[bond.x]\nno_address = true\nports = [\"a\"]\nprimary = \"a\"\nmode = \"balance-alb\"":  nil,
		abc + "[bond.x]\nno_address = true\nports = [\"a\"]\nprimary = \"a\"\nmode = \"802.3ad\"":      {"7 bond.x.primary: means nothing with mode 802.3ad; accepted: active-backup, balance-tlb, balance-alb"},
		abc + "[bond.x]\nno_address = true\nports = [\"a\"]\nmode = \"802.3ad\"":                       nil,
		abc + "[bond.x]\nno_address = true\nports = [\"a\"]\nprimary = \"a\"\nmode = 7":                nil, // not told twice
		abc + "[bond.x]\nno_address = true\nports = [\"a\"]\nmiimon = \"1ms\"":                         nil,
		abc + "[bond.x]\nno_address = true\nports = [\"a\", \"b\"]\nmin_links = 2\nmode = \"802.3ad\"": nil,
		abc + "[bond.x]\nno_address = true\nports = [\"a\", \"b\"]\nmin_links = 3\nmode = \"802.3ad\"": {"7 bond.x.min_links: is 3; accepted: 0 to the number of ports, 2"},
		abc + "[bond.x]\nno_address = true\nports = [\"a\", \"b\"]\nmin_links = -1":                    {"7 bond.x.min_links: is -1"},
		// Bridges.
		"[bridge.x]\nno_address = true\nforward_delay = \"30s\"":             nil,
		"[bridge.x]\nno_address = true\nforward_delay = \"31s\"":             {"3 bridge.x.forward_delay: is 31s; accepted: 2s to 30s with STP, 0s to 30s without"},
		"[bridge.x]\nno_address = true\nforward_delay = \"1s\"":              nil,
		"[bridge.x]\nno_address = true\nstp = true\nforward_delay = \"1s\"":  {"4 bridge.x.forward_delay: is 1s"},
		"[bridge.x]\nno_address = true\nstp = true\nforward_delay = \"2s\"":  nil,
		"[bridge.x]\nno_address = true\nstp = true\nforward_delay = \"0s\"":  {"4 bridge.x.forward_delay: is 0s; accepted: 2s to 30s with STP"},
		"[bridge.x]\nno_address = true\nstp = true\nforward_delay = \"31s\"": {"4 bridge.x.forward_delay: is 31s"},
	})
}

func TestVLANs(t *testing.T) {
	const on = "[dummy.a]\n[vlan.v]\ndhcp4 = true\nparent = \"a\"\nid = "
	finds(t, map[string][]string{
		on + "1": nil, on + "4094": nil,
		on + "0":    {"5 vlan.v.id: is 0; accepted: 1 to 4094"},
		on + "4095": {"5 vlan.v.id: is 4095"},
		on + "-1":   {"5 vlan.v.id: is -1"},
		on + "5\n[vlan.w]\ndhcp4 = true\nparent = \"a\"\nid = 5":                                                    {"9 vlan.w.id: 5 on a is v already"},
		on + "5\n[vlan.w]\ndhcp4 = true\nparent = \"a\"\nid = 6":                                                    nil,
		on + "5\n[dummy.b]\n[vlan.w]\ndhcp4 = true\nparent = \"b\"\nid = 5":                                         nil,
		on + "5\n[vlan.w]\ndhcp4 = true\nparent = \"v\"\nid = 5":                                                    nil,
		"[wireguard.w]\nprivate_key_file = \"/k\"\n[vlan.v]\ndhcp4 = true\nparent = \"w\"\nid = 1":                  {"5 vlan.v.parent: w is a tunnel, which carries no tags"},
		"[dummy.a]\n[bond.b]\nports = [\"a\"]\nno_address = true\n[vlan.v]\ndhcp4 = true\nparent = \"a\"\nid = 1":   {`7 vlan.v.parent: a is a port of b; accepted: parent = "b"`},
		"[dummy.a]\n[bridge.b]\nports = [\"a\"]\nno_address = true\n[vlan.v]\ndhcp4 = true\nparent = \"a\"\nid = 1": nil,
		"[dummy.lan]\n[vlan.v]\ndhcp4 = true\nparent = \"lam\"\nid = 1":                                             {`4 vlan.v.parent: there is no interface "lam"; did you mean lan?`},
		"[dumy.lan]\n[vlan.v]\ndhcp4 = true\nparent = \"lan\"\nid = 1":                                              nil,
		// In a circle, each told once.
		"[vlan.a]\ndhcp4 = true\nparent = \"b\"\nid = 1\n[vlan.b]\ndhcp4 = true\nparent = \"a\"\nid = 1": {"1 vlan.a: interfaces are made of each other in a circle: a -> b -> a"},
		"[vlan.a]\ndhcp4 = true\nparent = \"a\"\nid = 1":                                                 {"1 vlan.a: interfaces are made of each other in a circle: a -> a"},
	})
}

func TestCircles(t *testing.T) {
	for name, c := range map[string]struct {
		needs map[string][]string
		want  string
	}{
		"none":                 {map[string][]string{"a": {"b", "c"}, "b": {"c"}, "c": nil}, "[]"},
		"of one":               {map[string][]string{"a": {"a"}}, "[[a]]"},
		"of three":             {map[string][]string{"c": {"a"}, "a": {"b"}, "b": {"c"}}, "[[a b c]]"},
		"behind a way in":      {map[string][]string{"a": {"b"}, "b": {"c"}, "c": {"b"}}, "[[b c]]"},
		"two":                  {map[string][]string{"a": {"b"}, "b": {"a"}, "c": {"d"}, "d": {"c"}}, "[[a b] [c d]]"},
		"two that share one":   {map[string][]string{"a": {"b", "c"}, "b": {"a"}, "c": {"a"}}, "[[a b] [a c]]"},
		"to what is not there": {map[string][]string{"a": {"x"}}, "[]"},
		"nothing":              {nil, "[]"},
	} {
		if got := fmt.Sprint(graph.Circles(c.needs)); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestRoutes(t *testing.T) {
	const a = "[dummy.a]\n"
	route := func(more string) string {
		return a + "[route.r]\nlink = \"a\"\ndestination = \"192.0.2.0/24\"\n" + more
	}
	rule := func(more string) string { return a + "[rule.r]\n" + more }
	finds(t, map[string][]string{
		route(""): nil,
		a + "[route.r]\nlink = \"b\"\ndestination = \"192.0.2.0/24\"":                                                          {`3 route.r.link: there is no interface "b"`},
		"[dumy.b]\n[route.r]\nlink = \"b\"\ndestination = \"192.0.2.0/24\"":                                                    nil,
		a + "[bridge.b]\nno_address = true\nports = [\"a\"]\n[route.r]\nlink = \"a\"\ndestination = \"192.0.2.0/24\"":          {"6 route.r.link: a is a port of b; accepted: b"},
		a + "[route.r]\nlink = \"a\"\ndestination = \"192.0.2.1/24\"":                                                          {"4 route.r.destination: 192.0.2.1/24 is an address in a network; accepted: the network, 192.0.2.0/24"},
		route("via = \"192.0.2.1\"\nsource = \"192.0.2.2\"\n[dummy.b]\naddresses = [\"192.0.2.2/32\"]"):                        nil,
		route("via = \"192.0.2.1\"\nsource = \"192.0.2.2\""):                                                                   {"6 route.r.source: no interface has 192.0.2.2 or could get it"},
		route("source = \"192.0.2.2\"\n[ethernet.e]\ndhcp4 = true"):                                                            nil,
		route("source = \"0.0.0.0\"\n[ethernet.e]\ndhcp4 = true"):                                                              {"5 route.r.source: no interface has 0.0.0.0"},
		route("via = \"224.0.0.1\""):                                                                                           {"5 route.r.via: 224.0.0.1 is no router's address; accepted: that of one machine, or no via"},
		route("via = \"0.0.0.0\""):                                                                                             {"5 route.r.via: 0.0.0.0 is no router's address"},
		"[dummy.a]\naddresses = [\"192.0.2.1/24\"]\n[route.r]\nlink = \"a\"\ndestination = \"0.0.0.0/0\"\nvia = \"192.0.2.1\"": {"6 route.r.via: 192.0.2.1 is this interface's own address"},
		"[dummy.a]\ndhcp4 = true":                                                                                              {"2 dummy.a.dhcp4: asks whoever is on the link, and nobody is on a dummy; accepted: addresses"},
		"[dummy.a]\nra = true":                                                                                                 {"2 dummy.a.ra: asks whoever"}, "[dummy.a]\ndhcp6 = true": {"2 dummy.a.dhcp6: asks whoever"}, "[dummy.a]\nra = false\ndhcp6 = false": nil,
		route("via = \"2001:db8::1\"\nsource = \"2001:db8::2\""):              {"5 route.r.via: 2001:db8::1 is not of the family of 192.0.2.0/24", "6 route.r.source: 2001:db8::2 is not of the family"},
		a + "[route.r]\nlink = \"a\"\ndestination = 7\nvia = \"2001:db8::1\"": nil, // not told twice
		route("metric = 1"):  nil,
		route("metric = -1"): {"5 route.r.metric: is -1; accepted: 1 to"},
		route("table = 1"):   nil, route("table = 254"): nil, route("table = 256"): nil, route("table = 253"): nil,
		route("table = -1"):  {"5 route.r.table: is -1; accepted: 1 to"},
		route("table = 255"): {"5 route.r.table: is 255"},
		// Two of one destination.
		route("[route.s]\nlink = \"a\"\ndestination = \"192.0.2.0/24\""):              {"5 route.s: leads to 192.0.2.0/24 with metric 50 as r does; accepted: another metric"},
		route("[route.s]\nlink = \"a\"\ndestination = \"192.0.2.0/24\"\nmetric = 51"): nil,
		route("[route.s]\nlink = \"a\"\ndestination = \"192.0.2.0/24\"\ntable = 7"):   nil,
		route("[route.s]\nlink = \"a\"\ndestination = \"192.0.2.0/24\"\ntable = 254"): {"5 route.s: leads to 192.0.2.0/24"},
		route("[route.s]\nlink = \"a\"\ndestination = \"192.0.2.0/25\""):              nil,
		// Rules.
		rule("table = 254\npriority = 1"): nil, rule("table = 255\npriority = 32765"): nil, rule("table = 253\npriority = 5"): nil,
		rule("table = 254\npriority = 0"):                                                    {"4 rule.r.priority: is 0; accepted: 1 to 32765"},
		rule("table = 254\npriority = 32766"):                                                {"4 rule.r.priority: is 32766"},
		rule("table = 0\npriority = 5"):                                                      {"3 rule.r.table: is 0; accepted: 1 to 2147483647"},
		rule("table = 7\npriority = 5"):                                                      {"3 rule.r.table: 7 has no route in this profile"},
		route("table = 1\n[rule.r]\ntable = 1\npriority = 5"):                                nil,
		route("table = 7\n[rule.r]\ntable = 7\npriority = 5"):                                nil,
		a + "[route]\nr = 7\n[rule.r]\ntable = 7\npriority = 5":                              nil, // it may be that route's
		rule("table = 254\npriority = 5\nfwmark = 1"):                                        nil,
		rule("table = 254\npriority = 5\nfwmark = -1"):                                       {"5 rule.r.fwmark: is -1; accepted: 1 to 2147483647"},
		rule("table = 254\npriority = 5\nfrom = \"192.0.2.0/24\"\nto = \"198.51.100.0/24\""): nil,
		rule("table = 254\npriority = 5\nfrom = \"192.0.2.0/24\"\nto = \"2001:db8::/64\""):   {"2 rule.r: is from 192.0.2.0/24 to 2001:db8::/64, which are of two families"},
		rule("table = 254\npriority = 5\nfrom = \"192.0.2.1/24\"\nto = \"192.0.3.1/24\""):    {"5 rule.r.from: 192.0.2.1/24 is an address in a network; accepted: the network, 192.0.2.0/24", "6 rule.r.to: 192.0.3.1/24 is an address in a network"},
	})
}

func TestTunnels(t *testing.T) {
	wg := func(more string) string { return "[wireguard.w]\nprivate_key_file = \"/k\"\n" + more }
	peer := func(more string) string { return wg("[wireguard.w.peer.p]\npublic_key = \"" + wgA + "\"\n" + more) }
	finds(t, map[string][]string{
		wg(""): nil,
		"[wireguard.w]\nprivate_key_file = \"k\"":                                        {"2 wireguard.w.private_key_file: is not the absolute path of a file; accepted: one on state, such as \"/var/lib/wireguard/w.key\""},
		"[wireguard.w]\nprivate_key_file = \"\"":                                         {"2 wireguard.w.private_key_file: is not the absolute path"},
		"[wireguard.w]\nprivate_key_file = \"/a/../k\"":                                  {"2 wireguard.w.private_key_file: is not the absolute path"},
		wg("[wireguard.x]\nprivate_key_file = \"/k\""):                                   {"4 wireguard.x.private_key_file: is that of w already"},
		wg("[wireguard.x]\nprivate_key_file = \"/l\""):                                   nil,
		wg("listen_port = 65535"):                                                        nil,
		wg("listen_port = 65536"):                                                        {"3 wireguard.w.listen_port: is 65536; accepted: 1 to 65535"},
		wg("listen_port = -1"):                                                           {"3 wireguard.w.listen_port: is -1"},
		wg("listen_port = 5\n[wireguard.x]\nprivate_key_file = \"/l\"\nlisten_port = 5"): {"6 wireguard.x.listen_port: 5 is that of w already"},
		wg("listen_port = 5\n[wireguard.x]\nprivate_key_file = \"/l\"\nlisten_port = 6"): nil,
		peer(""): nil,
		wg("[wireguard.w.peer.p]\npublic_key = 7"):                                                           nil, // told already
		peer("[wireguard.w.peer.q]\npublic_key = \"" + wgA + "\""):                                           {"6 wireguard.w.peer.q.public_key: is that of p already"},
		peer("[wireguard.w.peer.q]\npublic_key = \"" + wgB + "\""):                                           nil,
		peer("[wireguard.x]\nprivate_key_file = \"/l\"\n[wireguard.x.peer.q]\npublic_key = \"" + wgA + "\""): nil,
		peer("endpoint = \"host:1\""):                                                                        nil, peer("endpoint = \"[2001:db8::1]:65535\""): nil,
		peer("endpoint = \"host\""):          {`5 wireguard.w.peer.p.endpoint: is "host"; accepted: "HOST:PORT", IPv6 in brackets`},
		peer("endpoint = \"host:0\""):        {"5 wireguard.w.peer.p.endpoint"},
		peer("endpoint = \"host:65536\""):    {"5 wireguard.w.peer.p.endpoint"},
		peer("endpoint = \":5\""):            {"5 wireguard.w.peer.p.endpoint"},
		peer("endpoint = \"2001:db8::1:5\""): {"5 wireguard.w.peer.p.endpoint"},
		peer("allowed_ips = [\"192.0.2.0/24\", \"0.0.0.0/0\"]\nendpoint = \"a:1\""): nil,
		peer("allowed_ips = [\"192.0.2.1/24\"]\nendpoint = \"a:1\""):                {"5 wireguard.w.peer.p.allowed_ips[0]: 192.0.2.1/24 is an address in a network; accepted: the network, 192.0.2.0/24"},
		peer("allowed_ips = [\"192.0.2.0/24\"]\nendpoint = \"a:1\"\n[wireguard.w.peer.q]\npublic_key = \"" + wgB + "\"\nallowed_ips = [\"::/0\", \"192.0.2.0/24\"]\nendpoint = \"b:1\""): {"9 wireguard.w.peer.q.allowed_ips[1]: 192.0.2.0/24 is that of p already"},
		peer("keepalive = \"1s\""): nil, peer("keepalive = \"65535s\""): nil, peer("keepalive = \"0s\""): nil,
		peer("keepalive = \"65536s\""):      {"5 wireguard.w.peer.p.keepalive: is "},
		peer("keepalive = \"999ms\""):       {"5 wireguard.w.peer.p.keepalive: is 999ms; accepted: 1s to 65535s in whole seconds"},
		peer("keepalive = \"1500ms\""):      {"5 wireguard.w.peer.p.keepalive: is 1.5s"},
		peer("preshared_key_file = \"/p\""): nil,
		peer("preshared_key_file = \"p\""):  {`5 wireguard.w.peer.p.preshared_key_file: is not the absolute path of a file; accepted: such as "/etc/wireguard/psk"`},
	})
}

func TestServersOfTimeAndLog(t *testing.T) {
	finds(t, map[string][]string{
		"[time]\nservers = [\"a\", \"b\", \"c\"]":          nil,
		"[time]\nservers = []":                             nil,
		"[time]\nservers = [\"a\", \"b\"]":                 {"2 warning: time.servers: 2 of at least 3: of two that disagree nobody can say which one is right"},
		"[time]\nservers = [\"a\"]":                        {"2 warning: time.servers: 1 of at least 3"},
		"[time]\nservers = [\"a\"]\ndhcp = true":           nil,
		"[time]\nservers = [\"a\"]\ndhcp = 7":              nil, // it may be true
		"[time]\nservers = [\"a\", \"b\", \"a\", \"b\"]":   {"2 time.servers[2]: a is named already; accepted: each server once, for each has one vote", "2 time.servers[3]: b is named already"},
		"[log]\nremote = \"tls://192.0.2.1\"":              {"2 log.remote: needs log.ca: an image brings no certificates that it would trust by itself"},
		"[log]\nremote = \"tls://192.0.2.1\"\nca = \"/c\"": nil,
		"[log]\nremote = \"tls://192.0.2.1\"\nca = 7":      nil,
		"[log]\nremote = \"tcp://192.0.2.1\"":              nil,
		"[log]\nremote = \"udp://192.0.2.1\"":              nil,
	})
}
