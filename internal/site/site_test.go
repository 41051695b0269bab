package site_test

import (
	"net/netip"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/internal/defaults"
	"github.com/imgbuild/imgbuild/internal/features"
	"github.com/imgbuild/imgbuild/internal/site"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// box is a machine whose owner may change what is given.
func box(allow ...spec.SiteKey) *spec.Machine {
	return &spec.Machine{
		Hostname: "box",
		Ethernet: map[string]spec.Ethernet{
			"lan":  {Addressing: spec.Addressing{DHCP4: true}},
			"wan":  {Addressing: spec.Addressing{Addresses: []netip.Prefix{netip.MustParsePrefix("198.51.100.5/24")}, Gateways: []netip.Addr{netip.MustParseAddr("198.51.100.1")}}},
			"port": {},
		},
		WireGuard: map[string]spec.WireGuard{"away": {Addressing: spec.Addressing{Addresses: []netip.Prefix{netip.MustParsePrefix("203.0.113.77/32")}}}},
		Bridge:    map[string]spec.Bridge{"br0": {Ports: []string{"port"}, Addressing: spec.Addressing{DHCP4: true}}},
		VLAN:      map[string]spec.VLAN{"lan.20": {Parent: "lan", ID: 20, Addressing: spec.Addressing{DHCP4: true}}},
		User:      map[string]spec.User{"ada": {}},
		Time:      spec.Time{Servers: []spec.TimeServer{"192.0.2.1", "192.0.2.2", "192.0.2.3"}},
		Site:      &spec.Site{Allow: allow},
	}
}

const (
	key  = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHKEMkZB1Y/bE0VwOHcpFq5mDFjJFt4dUX7BzVfM8nqL ada"
	hash = "$6$saltsalt$hRM5XZ86KXEw9UOmjigeVqFgULtFB2sgpC9lXQDfMib3Zgw7mEiUvBJI2EplzfAqxL5Vvwp2scFtv/uamSo5z0"
)

// example is what the builder puts onto a medium.
func example(m *spec.Machine) string { return site.Example(m, features.SiteExamples()...) }

var all = []spec.SiteKey{spec.SiteHostname, spec.SiteAddresses, spec.SiteVLANs, spec.SiteTimeServers, spec.SiteLogServer, spec.SiteAuthorizedKeys, spec.SitePasswordHash, spec.SiteWireGuard}

func TestReadLaysOver(t *testing.T) {
	m := box(all...)
	got, problems := site.Read("site.toml", []byte("\uFEFF"+`hostname = "box7.example.net"
[ethernet.lan]
dhcp4 = false
addresses = ["192.0.2.20/24", "2001:db8::20/64"]
gateways = ["192.0.2.1"]
dns = []
ra = true
dhcp6 = false
[vlan."lan.20"]
id = 21
[vlan.guests]
parent = "br0"
id = 30
addresses = ["203.0.113.1/24"]
[time]
servers = ["ntp.example.net", "192.0.2.8", "192.0.2.9"]
[log]
remote = "udp://192.0.2.7"
[user.root]
password_hash = "`+hash+`"
[user.ada]
authorized_keys = ["`+key+`"]
`), m)
	if problems != nil {
		t.Fatal(problems)
	}
	want, yes, no := box(all...), true, false
	want.Hostname = "box7.example.net"
	want.Ethernet["lan"] = spec.Ethernet{Addressing: spec.Addressing{RA: &yes, DHCP6: &no, DNS: []netip.Addr{}, Gateways: []netip.Addr{netip.MustParseAddr("192.0.2.1")},
		Addresses: []netip.Prefix{netip.MustParsePrefix("192.0.2.20/24"), netip.MustParsePrefix("2001:db8::20/64")}}}
	want.VLAN["lan.20"] = spec.VLAN{Parent: "lan", ID: 21, Addressing: spec.Addressing{DHCP4: true}}
	want.VLAN["guests"] = spec.VLAN{Parent: "br0", ID: 30, Addressing: spec.Addressing{Addresses: []netip.Prefix{netip.MustParsePrefix("203.0.113.1/24")}}}
	want.Time.Servers = []spec.TimeServer{"ntp.example.net", "192.0.2.8", "192.0.2.9"}
	want.Log.Remote = "udp://192.0.2.7:514"
	want.User["root"] = spec.User{PasswordHash: spec.SecretHash{Value: hash}, Shell: "/bin/sh"} // what a row has by default
	want.User["ada"] = spec.User{AuthorizedKeys: []string{key}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if !reflect.DeepEqual(m, box(all...)) {
		t.Errorf("the machine itself was changed: %+v", m)
	}
}

func TestReadRefuses(t *testing.T) {
	some := []spec.SiteKey{spec.SiteHostname, spec.SiteTimeServers}
	for _, c := range []struct {
		name, text string
		allow      []spec.SiteKey
		want       []string // every problem, in order
	}{
		{"not allowed, all of it", "hostname = \"x\"\n[ethernet.lan]\ndhcp4 = false\n[vlan.new]\nid = 3\n[log]\nremote = \"udp://log\"\n[user.root]\npassword_hash = \"" + hash + "\"\n", some, []string{
			"site.toml:3:1: ethernet.lan.dhcp4: the image does not allow addresses to be changed; accepted: hostname, time_servers",
			"site.toml:4:1: vlan.new: there is no such row in the image; accepted: lan.20",
			"site.toml:5:1: vlan.new.id: the image does not allow vlans to be changed; accepted: hostname, time_servers",
			"site.toml:7:1: log.remote: the image does not allow log_server to be changed; accepted: hostname, time_servers",
			"site.toml:9:1: user.root.password_hash: the image does not allow password_hash to be changed; accepted: hostname, time_servers",
		}},
		{"nothing is allowed", "hostname = \"x\"\n", nil, []string{
			"site.toml:1:1: hostname: the image does not allow hostname to be changed; accepted: nothing",
		}},
		{"unknown keys", "hostnam = \"x\"\n[ethernet.lan]\nmtu = 9000\n", all, []string{
			"site.toml:1:1: hostnam: unknown key; did you mean hostname?; accepted here: hostname, user, ethernet, ",
			"site.toml:3:1: ethernet.lan.mtu: unknown key; accepted here: dhcp4, dhcp6, ra, addresses, gateways, dns",
		}},
		{"bad values", "hostname = \"b_x\"\n[ethernet.lan]\naddresses = [\"192.0.2.300/24\"]\n[time]\nservers = 3\n", all, []string{
			`site.toml:1:12: hostname: "b_x" is not a host name`,
			`site.toml:3:14: ethernet.lan.addresses[0]: "192.0.2.300/24" is not an address with its prefix length`,
			`site.toml:5:11: time.servers: is the number 3; accepted: a list, each a string: a host name or an address, with a port where it is not 123, such as 192.0.2.1, [2001:db8::1]:1123`,
		}},
		{"a bad value beside what does not go together", "[ethernet.wan]\naddresses = [\"192.0.2.300/24\"]\n[ethernet.lan]\ngateways = [\"203.0.113.1\"]\ndhcp4 = false\naddresses = [\"192.0.2.5/24\"]\n", all, []string{
			`site.toml:2:14: ethernet.wan.addresses[0]: "192.0.2.300/24" is not an address with its prefix length`,
			`site.toml:4:13: ethernet.lan.gateways[0]: 203.0.113.1 lies in none of this interface's networks`,
		}},
		{"rows that are not there", "[ethernet.lna]\ndhcp4 = true\n[user.adam]\nauthorized_keys = []\n", all, []string{
			"site.toml:1:1: ethernet.lna: there is no such row in the image; did you mean lan?; accepted: lan, port, wan",
			"site.toml:3:1: user.adam: there is no such row in the image; did you mean ada?; accepted: ada",
		}},
		{"what does not go together", "[ethernet.wan]\naddresses = [\"192.0.2.5/24\"]\n[ethernet.port]\ndhcp4 = true\n[vlan.x]\nparent = \"lam\"\nid = 20\n[time]\nservers = [\"a\", \"a\", \"b\"]\n[log]\nremote = \"tls://log\"\n", all, []string{
			"site.toml:1:1: ethernet.wan.gateways[0]: 198.51.100.1 lies in none of this interface's networks",
			"site.toml:3:1: ethernet.port: is a port of br0 and cannot have addresses of its own",
			"site.toml:5:1: warning: vlan.x: has no address",
			`site.toml:6:10: vlan.x.parent: there is no interface "lam"; did you mean lan?`,
			"site.toml:9:17: time.servers[1]: a is named already",
			"site.toml:11:10: log.remote: needs log.ca",
		}},
		{"a new VLAN without a tag", "[vlan.x]\nparent = \"lan\"\n", all, []string{"site.toml:1:1: vlan.x: is not in the image, and a new VLAN needs parent and id"}},
		{"no TOML", "hostname = box\n", all, []string{"site.toml:1:12: hostname: expected value but found \"box\" instead"}},
		{"too long", strings.Repeat("#", site.MaxSize+1), all, []string{"site.toml: has more than 65536 bytes; accepted: up to that"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, problems := site.Read("site.toml", []byte(c.text), box(c.allow...))
			if m != nil {
				t.Errorf("it was taken: %+v", m)
			}
			for i := range max(len(problems), len(c.want)) {
				switch {
				case i >= len(problems):
					t.Errorf("missing: %s", c.want[i])
				case i >= len(c.want) || !strings.HasPrefix(problems[i].String(), c.want[i]):
					t.Errorf("%d: got %s", i, problems[i])
				}
			}
		})
	}
}

// A box that somebody can enter stays one, whatever its owner writes.
func TestReadKeepsTheDoorOpen(t *testing.T) {
	m := box(all...)
	m.Bridge, m.VLAN, m.WireGuard = nil, nil, nil
	m.Ethernet = map[string]spec.Ethernet{"wan": {Addressing: spec.Addressing{RA: new(bool), Addresses: m.Ethernet["wan"].Addresses}}}
	m.SSH = &spec.SSH{Listen: []netip.Addr{netip.MustParseAddr("198.51.100.5")}}
	defaults.Fill(m.SSH)
	m.User["ada"] = spec.User{AuthorizedKeys: []string{key}, Shell: "/bin/sh"}
	for name, c := range map[string]struct{ text, want string }{
		"nothing of that": {"hostname = \"box7\"\n", ""},
		"another key":     {"[user.ada]\nauthorized_keys = [\"" + key + "2\"]\n", ""},
		"no key is left":  {"[user.ada]\nauthorized_keys = []\n", "site.toml:1:1: user: nobody could log in any more; accepted: "},
		"half a key":      {"[user.ada]\nauthorized_keys = [\"" + key[:40] + "\"]\n", "site.toml:2:20: user.ada.authorized_keys[0]: is not whole: "},
		"a private key":   {"[user.ada]\nauthorized_keys = [\"-----BEGIN OPENSSH PRIVATE KEY-----\"]\n", "site.toml:2:20: user.ada.authorized_keys[0]: is a private key"},
		"half a hash":     {"[user.root]\npassword_hash = \"" + hash[:90] + "\"\n", "site.toml:2:17: user.root.password_hash: a password hash of 78 characters"},
		"another address": {"[ethernet.wan]\naddresses = [\"198.51.100.6/24\"]\n", "site.toml: ssh.listen[0]: no interface has 198.51.100.5"},
	} {
		t.Run(name, func(t *testing.T) {
			got, problems := site.Read("site.toml", []byte(c.text), m)
			switch {
			case c.want == "" && got == nil:
				t.Error(problems)
			case c.want != "" && (got != nil || len(problems) != 1 || !strings.HasPrefix(problems[0].String(), c.want)):
				t.Errorf("taken: %v, %v", got != nil, problems)
			}
		})
	}
}

// An image that brings certificates can send its log to a server of the owner's by TLS.
func TestReadTLS(t *testing.T) {
	m := box(spec.SiteLogServer)
	m.Log.CA = "/etc/ca.pem"
	got, problems := site.Read("site.toml", []byte("[log]\nremote = \"tls://log\"\n"), m)
	if problems != nil || got.Log.Remote != "tls://log:6514" {
		t.Errorf("got %+v, %v", got, problems)
	}
}

// The example is what it says: nothing as it is, and right with the marks off, key by key and all together.
func TestExample(t *testing.T) {
	mark := regexp.MustCompile(`(?m)^#([^ ])`)
	for _, allow := range append([][]spec.SiteKey{all}, split(all)...) {
		m := box(allow...)
		text := example(m)
		if got, problems := site.Read("site.toml", []byte(text), m); problems != nil || !reflect.DeepEqual(got, m) {
			t.Errorf("%v: as it is: %+v, %v", allow, got, problems)
		}
		live := mark.ReplaceAllString(text, "$1")
		if accounts := slices.ContainsFunc(allow, func(k spec.SiteKey) bool {
			return k == spec.SiteAuthorizedKeys || k == spec.SitePasswordHash || k == spec.SiteWireGuard
		}); accounts {
			if got, _ := site.Read("site.toml", []byte(live), m); got != nil {
				t.Errorf("%v: what stands for a key or a hash was taken for one:\n%s", allow, live)
			}
			live = strings.NewReplacer("ssh-ed25519 AAAA... me@laptop", key, "$6$salt$hash", hash, `"..."`, `"`+tunnelKey+`"`).Replace(live)
		}
		got, problems := site.Read("site.toml", []byte(live), m)
		if problems != nil {
			t.Errorf("%v: %v\n%s", allow, problems, live)
		} else if allow[0] != spec.SiteHostname && allow[0] != spec.SiteTimeServers && reflect.DeepEqual(got, m) {
			t.Errorf("%v: the example changes nothing:\n%s", allow, live)
		}
	}
}

func split(keys []spec.SiteKey) (out [][]spec.SiteKey) {
	for _, k := range keys {
		out = append(out, []spec.SiteKey{k})
	}
	return out
}

func FuzzRead(f *testing.F) {
	f.Add(example(box(all...)))
	f.Add("[ethernet.lan]\naddresses = [\"192.0.2.20/24\"]\n")
	f.Add("[vlan]\nx = { parent = \"lan\", id = 1 }\nvlan.y.id = 2\n")
	f.Fuzz(func(t *testing.T, text string) {
		m := box(all...)
		got, problems := site.Read("site.toml", []byte(text), m)
		if (got == nil) != (problems.Err() != nil) {
			t.Errorf("machine %v, problems %v", got, problems)
		}
		if !reflect.DeepEqual(m, box(all...)) {
			t.Errorf("%q changed the machine itself", text)
		}
	})
}
