package site_test

import (
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/internal/site"
	"github.com/imgbuild/imgbuild/internal/spec"
)

const (
	otherKey  = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHKEMkZB1Y/bE0VwOHcpFq5mDFjJFt4dUX7BzVfM8nqL other"
	otherHash = "$6$saltsalt$g3uPFdehVnKoLXdidvSAg1zlVgYomPr0X/xgdXSBn2LuxZUOGgYW4IULZkguZ77fzYteIur49AGHmF9iek6Sf1"
)

// full is a machine that has a value of its own for everything that a site file may change.
func full() *spec.Machine {
	m, yes := box(all...), true
	host := byte(10)
	own := func() spec.Addressing {
		host++
		address := netip.PrefixFrom(netip.AddrFrom4([4]byte{198, 51, 100, host}), 24)
		return spec.Addressing{DHCP4: true, DHCP6: &yes, RA: &yes, Addresses: []netip.Prefix{address}, Gateways: []netip.Addr{netip.MustParseAddr("198.51.100.1")}, DNS: []netip.Addr{netip.MustParseAddr("198.51.100.2")}}
	}
	m.Ethernet = map[string]spec.Ethernet{"lan": {Addressing: own()}, "a": {}, "b": {}}
	m.Bond = map[string]spec.Bond{"bond0": {Ports: []string{"a"}, Addressing: own()}}
	m.Bridge = map[string]spec.Bridge{"br0": {Ports: []string{"b"}, Addressing: own()}}
	m.Dummy = map[string]spec.Dummy{"d0": {Addressing: own()}}
	m.VLAN = map[string]spec.VLAN{"v0": {Parent: "lan", ID: 20, Addressing: own()}}
	m.User = map[string]spec.User{"ada": {AuthorizedKeys: []string{key}, PasswordHash: spec.SecretHash{Value: hash}, Shell: "/bin/sh"}, "root": {PasswordHash: spec.SecretHash{Value: hash}}}
	m.Log.Remote = "udp://192.0.2.7:514"
	return m
}

// What the owner writes is what the machine has, in the place of what the image had, and nothing else changes: A becomes B, a list becomes another
// list, and an empty one empties it.
func TestEveryChangeArrives(t *testing.T) {
	type change struct {
		text string
		make func(*spec.Machine)
	}
	changes := map[string]change{
		"host name":    {"hostname = \"other\"", func(m *spec.Machine) { m.Hostname = "other" }},
		"time servers": {"[time]\nservers = [\"192.0.2.8\"]", func(m *spec.Machine) { m.Time.Servers = []spec.TimeServer{"192.0.2.8"} }},
		"log server":   {"[log]\nremote = \"udp://192.0.2.9\"", func(m *spec.Machine) { m.Log.Remote = "udp://192.0.2.9:514" }},
		"key A to B": {"[user.ada]\nauthorized_keys = [\"" + otherKey + "\"]", func(m *spec.Machine) {
			m.User["ada"] = spec.User{AuthorizedKeys: []string{otherKey}, PasswordHash: spec.SecretHash{Value: hash}, Shell: "/bin/sh"}
		}},
		"no keys": {"[user.ada]\nauthorized_keys = []", func(m *spec.Machine) {
			m.User["ada"] = spec.User{AuthorizedKeys: []string{}, PasswordHash: spec.SecretHash{Value: hash}, Shell: "/bin/sh"}
		}},
		"two keys": {"[user.ada]\nauthorized_keys = [\"" + otherKey + "\", \"" + key + "\"]", func(m *spec.Machine) {
			m.User["ada"] = spec.User{AuthorizedKeys: []string{otherKey, key}, PasswordHash: spec.SecretHash{Value: hash}, Shell: "/bin/sh"}
		}},
		"hash A to B": {"[user.ada]\npassword_hash = \"" + otherHash + "\"", func(m *spec.Machine) {
			m.User["ada"] = spec.User{AuthorizedKeys: []string{key}, PasswordHash: spec.SecretHash{Value: otherHash}, Shell: "/bin/sh"}
		}},
		"root's hash": {"[user.root]\npassword_hash = \"" + otherHash + "\"", func(m *spec.Machine) { m.User["root"] = spec.User{PasswordHash: spec.SecretHash{Value: otherHash}} }},
		"VLAN's tag":  {"[vlan.v0]\nid = 21", func(m *spec.Machine) { v := m.VLAN["v0"]; v.ID = 21; m.VLAN["v0"] = v }},
		"its parent":  {"[vlan.v0]\nparent = \"br0\"", func(m *spec.Machine) { v := m.VLAN["v0"]; v.Parent = "br0"; m.VLAN["v0"] = v }},
	}
	no := false
	for row, at := range map[string]func(*spec.Machine, func(*spec.Addressing)){
		"ethernet.lan": func(m *spec.Machine, f func(*spec.Addressing)) {
			r := m.Ethernet["lan"]
			f(&r.Addressing)
			m.Ethernet["lan"] = r
		},
		"bond.bond0": func(m *spec.Machine, f func(*spec.Addressing)) {
			r := m.Bond["bond0"]
			f(&r.Addressing)
			m.Bond["bond0"] = r
		},
		"bridge.br0": func(m *spec.Machine, f func(*spec.Addressing)) {
			r := m.Bridge["br0"]
			f(&r.Addressing)
			m.Bridge["br0"] = r
		},
		"dummy.d0": func(m *spec.Machine, f func(*spec.Addressing)) {
			r := m.Dummy["d0"]
			f(&r.Addressing)
			m.Dummy["d0"] = r
		},
		"vlan.v0": func(m *spec.Machine, f func(*spec.Addressing)) { r := m.VLAN["v0"]; f(&r.Addressing); m.VLAN["v0"] = r },
	} {
		for text, make := range map[string]func(*spec.Addressing){
			"dhcp4 = false": func(a *spec.Addressing) { a.DHCP4 = false },
			"dhcp6 = false": func(a *spec.Addressing) { a.DHCP6 = &no },
			"ra = false":    func(a *spec.Addressing) { a.RA = &no },
			`addresses = ["198.51.100.9/24", "203.0.113.9/24"]`: func(a *spec.Addressing) {
				a.Addresses = []netip.Prefix{netip.MustParsePrefix("198.51.100.9/24"), netip.MustParsePrefix("203.0.113.9/24")}
			},
			`gateways = ["198.51.100.7"]`: func(a *spec.Addressing) { a.Gateways = []netip.Addr{netip.MustParseAddr("198.51.100.7")} },
			`gateways = []`:               func(a *spec.Addressing) { a.Gateways = []netip.Addr{} },
			`dns = ["198.51.100.8"]`:      func(a *spec.Addressing) { a.DNS = []netip.Addr{netip.MustParseAddr("198.51.100.8")} },
			`dns = []`:                    func(a *spec.Addressing) { a.DNS = []netip.Addr{} },
		} {
			changes[row+" "+text] = change{"[" + row + "]\n" + text, func(m *spec.Machine) { at(m, make) }}
		}
	}
	for name, c := range changes {
		got, problems := site.Read("site.toml", []byte(c.text+"\n"), full())
		want := full()
		c.make(want)
		if problems.Err() != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v", name, problems)
		}
		if reflect.DeepEqual(want, full()) {
			t.Errorf("%s changes nothing", name)
		}
	}
	// A machine without any row of a table gets its first.
	m := full()
	m.VLAN, m.User = nil, nil
	got, problems := site.Read("site.toml", []byte("[vlan.new]\nparent = \"lan\"\nid = 4094\ndhcp4 = true\n[user.root]\npassword_hash = \""+hash+"\"\n"), m)
	if problems.Err() != nil || got.VLAN["new"].ID != 4094 || got.VLAN["new"].Parent != "lan" || !got.VLAN["new"].DHCP4 || got.User["root"].PasswordHash.Value != hash {
		t.Errorf("%v: %+v", problems, got)
	}
}

// Each key needs its own permission and no other.
func TestPermissions(t *testing.T) {
	for text, need := range map[string]spec.SiteKey{
		"hostname = \"other\"": spec.SiteHostname, "[time]\nservers = [\"192.0.2.8\"]": spec.SiteTimeServers, "[log]\nremote = \"udp://192.0.2.9\"": spec.SiteLogServer,
		"[user.ada]\nauthorized_keys = [\"" + key + "\"]": spec.SiteAuthorizedKeys, "[user.ada]\npassword_hash = \"" + hash + "\"": spec.SitePasswordHash,
		"[vlan.v0]\nid = 21": spec.SiteVLANs, "[vlan.v0]\nparent = \"br0\"": spec.SiteVLANs, "[vlan.v0]\ndns = []": spec.SiteAddresses, "[vlan.new]\nparent = \"lan\"\nid = 9\ndhcp4 = true": spec.SiteVLANs,
		"[ethernet.lan]\ndhcp6 = false": spec.SiteAddresses, "[bond.bond0]\nra = false": spec.SiteAddresses, "[bridge.br0]\naddresses = [\"198.51.100.9/24\"]": spec.SiteAddresses, "[dummy.d0]\ngateways = []": spec.SiteAddresses, "[ethernet.lan]\ndhcp4 = false": spec.SiteAddresses,
	} {
		for _, alone := range []bool{true, false} {
			m := full()
			if m.Site.Allow = []spec.SiteKey{need}; !alone {
				m.Site.Allow = slices.DeleteFunc(slices.Clone(all), func(k spec.SiteKey) bool { return k == need })
			}
			_, problems := site.Read("site.toml", []byte(text+"\n"), m)
			refused := false
			for _, p := range problems {
				refused = refused || strings.Contains(p.Msg, "the image does not allow "+string(need)+" to be changed")
			}
			if refused == alone {
				t.Errorf("%q with %v: %v", text, m.Site.Allow, problems)
			}
		}
	}
	if _, problems := site.Read("site.toml", []byte(strings.Repeat("#", site.MaxSize)), full()); problems != nil {
		t.Errorf("the longest file: %v", problems)
	}
	m := full()
	m.Site = nil
	if got, problems := site.Read("site.toml", []byte("hostname = \"x\"\n"), m); got != nil || !strings.Contains(fmt.Sprint(problems), "accepted: nothing") {
		t.Errorf("without [site]: %v", problems)
	}
}

// What a person is offered: only what is allowed, each row with what it has.
func TestExampleText(t *testing.T) {
	for _, tt := range []struct {
		allow []spec.SiteKey
		want  string
	}{
		{nil, ""},
		{[]spec.SiteKey{spec.SiteHostname}, "\n#hostname = \"box\"\n"},
		{[]spec.SiteKey{spec.SiteTimeServers, spec.SiteLogServer}, "\n#[time]\n#servers = [\"192.0.2.1\", \"192.0.2.2\", \"192.0.2.3\"]\n\n#[log]\n#remote = \"tcp://192.0.2.1:601\"\n"},
		{[]spec.SiteKey{spec.SiteAuthorizedKeys}, "\n#[user.root]\n#authorized_keys = [\"ssh-ed25519 AAAA... me@laptop\"]\n\n#[user.ada]\n#authorized_keys = [\"ssh-ed25519 AAAA... me@laptop\"]\n"},
		{[]spec.SiteKey{spec.SiteVLANs}, "\n#[vlan.\"lan.20\"]\n#parent = \"lan\"\n#id = 20\n\n#[vlan.site]\n#parent = \"br0\"\n#id = 4000\n#dhcp4 = true\n"},
		{[]spec.SiteKey{spec.SiteAddresses}, "\n#[bridge.br0]\n#dhcp4 = false\n#addresses = [\"192.0.2.20/24\"]\n#gateways = [\"192.0.2.1\"]\n#dns = [\"192.0.2.1\"]\n" +
			"\n#[ethernet.lan]\n#dhcp4 = false\n#addresses = [\"192.0.2.21/24\"]\n#gateways = [\"192.0.2.1\"]\n#dns = [\"192.0.2.1\"]\n" +
			"\n#[vlan.\"lan.20\"]\n#dhcp4 = false\n#addresses = [\"192.0.2.22/24\"]\n#gateways = [\"192.0.2.1\"]\n#dns = [\"192.0.2.1\"]\n" +
			"\n#[ethernet.wan]\n#dhcp4 = false\n#addresses = [\"198.51.100.5/24\"]\n#gateways = [\"198.51.100.1\"]\n#dns = [\"192.0.2.1\"]\n"},
	} {
		_, text, _ := strings.Cut(example(box(tt.allow...)), "configuration is used.\n")
		if text != tt.want {
			t.Errorf("%v:\n%s\nwant\n%s", tt.allow, text, tt.want)
		}
	}
}
