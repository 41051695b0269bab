package plan

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/internal/strict"
)

// read makes a machine of a text; values that do not fit are in doubt.
func read(t *testing.T, text string) (*spec.Machine, problem.Judge) {
	t.Helper()
	doc, err := strict.Parse("f", []byte(text))
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	m := new(spec.Machine)
	_, doubts := strict.Decode(doc.Tree, doc.At, m)
	return m, problem.NewJudge(doc.At.At, doubts)
}

// found is what network says of a text, a problem a line: "LINE KEY: MESSAGE".
func found(t *testing.T, text string) (lines []string) {
	t.Helper()
	m, j := read(t, text)
	network(j, m)
	for _, p := range j.Found().Sort() {
		warning := ""
		if p.Warning {
			warning = "warning: "
		}
		lines = append(lines, fmt.Sprintf("%d %s%s: %s", p.Pos.Line, warning, p.Key, p.Msg))
	}
	return lines
}

// tables are the machine's, after what a case is about, so that its lines count from 1.
const tables = `
[ethernet.lan]
addresses = ["192.0.2.1/24"]
[ethernet.port]
[ethernet.one]
[ethernet.small]
mtu = 1000
[bond.b]
ports = ["one"]
dhcp4 = true
[bridge.br0]
ports = ["port"]
mac = "02:00:00:00:00:01"
[bridge.br1]
ports = ["small"]
[vlan.v]
parent = "lan"
id = 7
[dummy.d]
[vm.web.nic.lan]
bridge = "br0"
mac = "02:00:00:00:00:02"
`

// finds holds what is found in texts against what should be, each wanted line as its beginning.
func finds(t *testing.T, cases map[string][]string) {
	t.Helper()
	for text, want := range cases {
		got := found(t, text+"\n"+tables)
		if !slices.EqualFunc(got, want, strings.HasPrefix) {
			t.Errorf("%s\n-- gives\n%s\n-- want\n%s", text, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

// What an interface is connected to, and what it is called.
func TestWires(t *testing.T) {
	const web = "[container.web.nic.eth0]\n"
	const some = "addresses = [\"192.0.2.5/24\"]\n"
	finds(t, map[string][]string{
		web + some + `bridge = "br0"`: nil, web + some + `link = "lan"`: nil, web + some + `link = "b"`: nil, web + some + `link = "v"`: nil,
		web + some: {"1 container.web.nic.eth0: is connected to nothing, or to two things; accepted: one of bridge and link"},
		web + some + "bridge = \"br0\"\nlink = \"lan\"":                      {"1 container.web.nic.eth0: is connected to nothing, or to two things"},
		web + some + `bridge = "br2"`:                                        {"3 container.web.nic.eth0.bridge: there is no [bridge.br2]; did you mean br0?"},
		web + some + `bridge = "lan"`:                                        {"3 container.web.nic.eth0.bridge: there is no [bridge.lan]"},
		web + some + `link = "lam"`:                                          {`3 container.web.nic.eth0.link: there is no interface "lam"; did you mean lan?`},
		web + some + `link = "br0"`:                                          {`3 container.web.nic.eth0.link: br0 is a bridge; accepted: bridge = "br0" in place of link`},
		web + some + `link = "d"`:                                            {"3 container.web.nic.eth0.link: d is a dummy, which has no wire"},
		web + some + `link = "port"`:                                         {`3 container.web.nic.eth0.link: port is a port of br0, which has all that comes there; accepted: bridge = "br0"`},
		web + some + `link = "one"`:                                          {`3 container.web.nic.eth0.link: one is a port of b, which has all that comes there; accepted: link = "b"`},
		web + some + "link = \"lan\"\nisolated = true":                       {"4 container.web.nic.eth0.isolated: is about the ports of a bridge"},
		"[container.web.nic.lo]\nlink = \"lan\"\nra = true":                  {"1 container.web.nic.lo: is not an interface name; accepted: up to 15 letters, digits, . _ and -, and none of . .. all default lo"},
		"[container.web.nic.fifteen-letters]\nlink = \"lan\"\nra = true":     nil,
		"[container.web.nic.sixteen--letters]\nlink = \"lan\"\nra = true":    {"1 container.web.nic.sixteen--letters: is not an interface name"},
		"[container.web.nic.\"a b\"]\nlink = \"lan\"\nra = true":             {`1 container.web.nic."a b": is not an interface name`},
		"[container.web.nic.a]\nbridge = \"br0\"\nra = true\n[dummy.web--a]": {"1 container.web.nic.a: its end on this machine is to be called web--a, as web--a is already"},
	})
}

// Largest packets are no larger than the wire's, and large enough for IPv6.
func TestRoom(t *testing.T) {
	const web = "[container.web.nic.eth0]\n"
	finds(t, map[string][]string{
		web + "link = \"lan\"\ndhcp4 = true\nmtu = 1500":   nil,
		web + "link = \"lan\"\ndhcp4 = true\nmtu = 68":     nil,
		web + "link = \"lan\"\nra = true\nmtu = 1280":      nil,
		web + "link = \"lan\"\ndhcp4 = true\nmtu = 1501":   {"4 container.web.nic.eth0.mtu: is 1501, more than the 1500 of lan, which carries it; accepted: up to 1500"},
		web + "link = \"lan\"\nra = true\nmtu = 1279":      {"4 container.web.nic.eth0.mtu: is 1279, and IPv6, which is used here, needs 1280 (RFC 8200); accepted: 1280 and up"},
		web + "bridge = \"br1\"\ndhcp4 = true\nmtu = 1001": {"4 container.web.nic.eth0.mtu: is 1001, more than the 1000 of br1"},
		web + "bridge = \"br1\"\ndhcp4 = true":             nil,
		web + "bridge = \"br1\"\nra = true":                {"1 container.web.nic.eth0: takes packets of 1000 bytes, for that is the mtu of br1, and IPv6"},
	})
}

// Addresses are each one machine's, of hardware as well, and routers are reached by them.
func TestAddresses(t *testing.T) {
	const web, db = "[container.web.nic.eth0]\nbridge = \"br0\"\n", "\n[container.db.nic.eth0]\nbridge = \"br0\"\n"
	finds(t, map[string][]string{
		web:                                      {"1 warning: container.web.nic.eth0: has no address: none of dhcp4 = true, ra = true, addresses; accepted: one of them, or system = true"},
		"[container.web]\nsystem = true\n" + web: nil,
		web + `addresses = ["192.0.2.1/24"]`:     {"3 container.web.nic.eth0.addresses[0]: 192.0.2.1 is given to lan already"},
		web + `addresses = ["192.0.2.255/24", "127.0.0.1/8"]`:                                                  {"3 container.web.nic.eth0.addresses[0]: 192.0.2.255 is its network's broadcast address", "3 container.web.nic.eth0.addresses[1]: 127.0.0.1/8 is not an interface's address"},
		web + `addresses = ["192.0.2.5/24"]` + db + `addresses = ["192.0.2.5/24"]`:                             {"3 container.web.nic.eth0.addresses[0]: 192.0.2.5 is given to db's eth0 already"},
		web + `addresses = ["fe80::1/64"]` + db + `addresses = ["fe80::1/64"]`:                                 nil,
		web + "addresses = [\"192.0.2.5/24\"]\ngateways = [\"192.0.2.1\"]":                                     nil,
		"[container.web.nic.eth0]\nlink = \"lan\"\naddresses = [\"192.0.2.5/24\"]\ngateways = [\"192.0.2.1\"]": {"4 container.web.nic.eth0.gateways[0]: 192.0.2.1 is this machine's own address, by ethernet.lan.addresses[0]"},
		web + "addresses = [\"192.0.2.5/24\"]\ngateways = [\"198.51.100.1\", \"192.0.2.5\"]":                   {"4 container.web.nic.eth0.gateways[0]: 198.51.100.1 lies in none of this interface's networks ([192.0.2.5/24])", "4 container.web.nic.eth0.gateways[1]: 192.0.2.5 is this interface's own address"},
		web + "addresses = [\"192.0.2.5/24\"]\ndhcp4 = true\ngateways = [\"198.51.100.1\"]":                    nil,
		web + "dhcp4 = true\nmac = \"02:00:00:00:00:01\"":                                                      {"4 container.web.nic.eth0.mac: 02:00:00:00:00:01 is that of br0 already"},
		web + "dhcp4 = true\nmac = \"02:00:00:00:00:02\"":                                                      {"4 container.web.nic.eth0.mac: 02:00:00:00:00:02 is that of web-lan already"},
		web + "dhcp4 = true\nmac = \"03:00:00:00:00:03\"":                                                      {"4 container.web.nic.eth0.mac: 03:00:00:00:00:03 is not an interface's address"},
		web + "dhcp4 = true\nmac = \"02:00:00:00:00:03\"" + db + "dhcp4 = true\nmac = \"02:00:00:00:00:03\"":   {"4 container.web.nic.eth0.mac: 02:00:00:00:00:03 is that of db's eth0 already"},
	})
}
