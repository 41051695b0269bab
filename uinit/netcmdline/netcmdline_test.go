package netcmdline

import (
	"encoding/json"
	"maps"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/cmdline"
	"github.com/imgbuild/imgbuild/uinit/netcmdline/plan"
)

func prefixes(texts ...string) (all []netip.Prefix) {
	for _, t := range texts {
		all = append(all, netip.MustParsePrefix(t))
	}
	return all
}

func addrs(texts ...string) (all []netip.Addr) {
	for _, t := range texts {
		all = append(all, netip.MustParseAddr(t))
	}
	return all
}

// image is a machine with two interfaces, one of them a bond's port.
func image() spec.Machine {
	return spec.Machine{
		Ethernet: map[string]spec.Ethernet{
			"lan":  {Match: spec.Match{Driver: []string{"igb"}}, Addressing: spec.Addressing{Addresses: prefixes("10.0.0.1/8"), Gateways: addrs("10.0.0.254"), DNS: addrs("10.0.0.53"), MTU: 9000}},
			"port": {},
		},
		Bond: map[string]spec.Bond{"bond0": {Ports: []string{"port"}, Mode: "active-backup", Primary: "port", Addressing: spec.Addressing{DHCP4: true}}},
	}
}

func TestOverride(t *testing.T) {
	one := 1
	tests := []struct {
		what, line string
		want       func(*spec.Machine)
		problems   []string
	}{
		{"nothing about the network", "quiet console=ttyS0 root=/dev/sda1", func(*spec.Machine) {}, nil},
		{"DHCP on one", "ip=lan:dhcp", func(m *spec.Machine) {
			m.Ethernet["lan"] = spec.Ethernet{Match: spec.Match{Driver: []string{"igb"}}, Addressing: spec.Addressing{DHCP4: true, MTU: 9000}}
		}, nil},
		{"DHCP everywhere", "ip=dhcp", func(m *spec.Machine) {
			m.Ethernet["lan"] = spec.Ethernet{Match: spec.Match{Driver: []string{"igb"}}, Addressing: spec.Addressing{DHCP4: true, MTU: 9000}}
		}, nil},
		{"static, IPv4 and IPv6 in brackets, with name servers", "ip=192.0.2.9::192.0.2.1:255.255.255.128:box:lan:none:192.0.2.53:192.0.2.54 ip=[2001:db8::9]::[2001:db8::1]:64::lan:off:[2001:db8::53]", func(m *spec.Machine) {
			m.Hostname = "box"
			m.Ethernet["lan"] = spec.Ethernet{Match: spec.Match{Driver: []string{"igb"}}, Addressing: spec.Addressing{MTU: 9000,
				Addresses: prefixes("192.0.2.9/25", "2001:db8::9/64"), Gateways: addrs("192.0.2.1", "2001:db8::1"), DNS: addrs("192.0.2.53", "192.0.2.54", "2001:db8::53")}}
		}, nil},
		{"MTU, hardware address and peer", "ip=192.0.2.9:192.0.2.7:::box:lan:none:1400:52:54:00:12:34:56", func(m *spec.Machine) {
			m.Hostname = "box"
			m.Ethernet["lan"] = spec.Ethernet{Match: spec.Match{Driver: []string{"igb"}}, Addressing: spec.Addressing{MTU: 1400, MAC: "52:54:00:12:34:56", Addresses: prefixes("192.0.2.9/24")}}
			m.Route["line1"] = spec.Route{Destination: netip.MustParsePrefix("192.0.2.7/32"), Link: "lan", Metric: 50}
		}, nil},
		{"a hardware address alone", "ip=lan:dhcp::52:54:00:12:34:56", func(m *spec.Machine) {
			m.Ethernet["lan"] = spec.Ethernet{Match: spec.Match{Driver: []string{"igb"}}, Addressing: spec.Addressing{DHCP4: true, MTU: 9000, MAC: "52:54:00:12:34:56"}}
		}, nil},
		{"interfaces without a row, by the names they would have", "net.ifnames=1 ip=eth1:dhcp6 ip=enp3s0f1:auto6 ip=ens3:dhcp", func(m *spec.Machine) {
			yes := true
			m.Ethernet["eth1"] = spec.Ethernet{Match: spec.Match{Index: &one}, Addressing: spec.Addressing{DHCP6: &yes}}
			m.Ethernet["enp3s0f1"] = spec.Ethernet{Match: spec.Match{Path: "0000:03:00.1"}, Addressing: spec.Addressing{RA: &yes}}
		}, []string{`ip=ens3:dhcp: there is no interface "ens3"; accepted: bond0, enp3s0f1, eth1, lan, port, one that ifname=NAME:MAC names, or names such as eth0 and enp3s0`}},
		{"kernel names only", "net.ifnames=0 ip=enp3s0:dhcp", func(*spec.Machine) {},
			[]string{`ip=enp3s0:dhcp: there is no interface "enp3s0"; accepted: bond0, lan, port, one that ifname=NAME:MAC names, or names such as eth0 and enp3s0`}},
		{"a name by hardware address, wherever it stands", "ip=boot:link6 ifname=boot:52:54:00:12:34:56", func(m *spec.Machine) {
			m.Ethernet["boot"] = spec.Ethernet{Match: spec.Match{MAC: "52:54:00:12:34:56"}, Addressing: spec.Addressing{RA: new(bool)}}
		}, nil},
		{"VLAN over bond over line", "vlan=vlan0007:bond1 bond=bond1:lan,eth1:mode=4,miimon=50,lacp_rate=1,xmit_hash_policy=layer3+4:1400 ip=192.0.2.9::192.0.2.1:24::vlan0007:none rd.route=198.51.100.0/24:192.0.2.2", func(m *spec.Machine) {
			m.Ethernet["lan"] = spec.Ethernet{Match: spec.Match{Driver: []string{"igb"}}, Addressing: spec.Addressing{MTU: 9000}}
			m.Ethernet["eth1"] = spec.Ethernet{Match: spec.Match{Index: &one}}
			m.Bond["bond1"] = spec.Bond{Ports: []string{"lan", "eth1"}, Mode: "802.3ad", MIIMon: spec.Duration(50 * time.Millisecond), LACPRate: "fast", HashPolicy: "layer3+4", Addressing: spec.Addressing{MTU: 1400}}
			m.VLAN["vlan0007"] = spec.VLAN{Parent: "bond1", ID: 7, Addressing: spec.Addressing{Addresses: prefixes("192.0.2.9/24"), Gateways: addrs("192.0.2.1")}}
			m.Route["line1"] = spec.Route{Destination: netip.MustParsePrefix("198.51.100.0/24"), Link: "vlan0007", Via: netip.MustParseAddr("192.0.2.2"), Metric: 50}
		}, nil},
		{"a bridge takes a bond's port; a bond's port gets addresses", "bridge=br0:port ip=br0:dhcp", func(m *spec.Machine) {
			m.Bond["bond0"] = spec.Bond{Ports: []string{}, Mode: "active-backup", Addressing: spec.Addressing{DHCP4: true}}
			m.Bridge["br0"] = spec.Bridge{Ports: []string{"port"}, Addressing: spec.Addressing{DHCP4: true}}
		}, nil},
		{"name servers", "nameserver=192.0.2.53 nameserver=[2001:db8::53]", func(m *spec.Machine) {
			cfg := m.Ethernet["lan"]
			cfg.DNS = nil
			m.Ethernet["lan"] = cfg
			bond := m.Bond["bond0"]
			bond.DNS = addrs("192.0.2.53", "2001:db8::53")
			m.Bond["bond0"] = bond
		}, nil},
		{"what firmware says among several interfaces", "BOOTIF=01-52-54-00-12-34-56", func(*spec.Machine) {}, nil},
		{"nonsense", "ip=nonsense ip= ip=lan:ibft ip=1.2.3.4:::999::lan:none vlan=five:lan vlan=v.5000:lan bond=lan:eth0 bridge=br0:br0 nameserver=x ifname=a BOOTIF=7 rd.route=x team=t:a ip=lan:dhcp:7 ip=lan:dhcp::52:54", func(m *spec.Machine) {}, []string{
			`ifname=a: "" is not a MAC address; accepted: six octets, such as 52:54:00:12:34:56`,
			`BOOTIF=7: "7" is not a MAC address; accepted: six octets, such as 52:54:00:12:34:56`,
			"bond=lan:eth0: lan is of the kind ethernet in this image",
			"vlan=five:lan: accepted: vlan=NAME:INTERFACE, with a name such as vlan5 or eth0.5",
			"vlan=v.5000:lan: tag 5000; accepted: 1 to 4094",
			"bridge=br0:br0: br0 cannot be a port of br0",
			"team=t:a: teams are not supported; accepted: bond=",
			`ip=nonsense: "nonsense" is no way to get an address; accepted: any, auto6, dhcp, dhcp6, either6, ibft, link6, none, off, on, single-dhcp`,
			`ip=: "nothing" is no way to get an address; accepted: any, auto6, dhcp, dhcp6, either6, ibft, link6, none, off, on, single-dhcp`,
			"ip=lan:ibft: the firmware has no table of an interface that it booted from; ip=ibft alone asks for it",
			`ip=1.2.3.4:::999::lan:none: "999" is not a mask for 1.2.3.4`,
			`ip=lan:dhcp:7: MTU "7"; accepted: 68 to 65535`,
			`ip=lan:dhcp::52:54: "52:54" is not a MAC address; accepted: six octets, such as 52:54:00:12:34:56`,
			"rd.route=x: accepted: rd.route=NETWORK/LENGTH:GATEWAY[:INTERFACE]",
			`nameserver=x: "x" is not an address`,
		}},
	}
	for _, tt := range tests {
		t.Run(tt.what, func(t *testing.T) {
			m := image()
			got, problems := Override(m, cmdline.Parse(tt.line))
			if !reflect.DeepEqual(m, image()) {
				t.Error("the machine given was changed")
			}
			want, _ := Override(image(), nil) // with maps to add to
			tt.want(&want)
			if a, b := text(t, got), text(t, want); a != b {
				t.Errorf("machine\n%s\nwant\n%s", a, b)
			}
			var words []string
			for _, p := range problems {
				words = append(words, p.String())
			}
			if !slices.Equal(words, tt.problems) {
				t.Errorf("problems %q\nwant %q", words, tt.problems)
			}
			if added := len(got.Links()) > len(m.Links()); added && !slices.ContainsFunc(strings.Fields(tt.line), plan.AddsLinks) {
				t.Errorf("the builder does not know that there may be more interfaces than %v", slices.Collect(maps.Keys(m.Links())))
			}
		})
	}
}

func text(t *testing.T, m spec.Machine) string {
	b, err := json.MarshalIndent(m, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestBootInterface(t *testing.T) {
	line := cmdline.Parse("ip=dhcp BOOTIF=01-52-54-00-12-34-56")
	for what, m := range map[string]spec.Machine{
		"none": {}, "one": {Ethernet: map[string]spec.Ethernet{"bootif": {}}},
		"known": {Ethernet: map[string]spec.Ethernet{"bootif": {Match: spec.Match{MAC: "52:54:00:12:34:56"}}, "a": {}}},
	} {
		got, problems := Override(m, line)
		cfg := got.Ethernet["bootif"]
		if problems != nil || cfg.Match.MAC != "52:54:00:12:34:56" || !cfg.DHCP4 || got.Ethernet["a"].DHCP4 {
			t.Errorf("%s: %v, %v", what, got.Ethernet, problems)
		}
	}
}

func TestNames(t *testing.T) {
	for name, want := range map[string]string{
		"enp3s0": "0000:03:00.0", "enP1p16s31f7": "0001:10:1f.7", "enp3": "", "ens3": "", "enp3s0x": "", "enp256s0": "", "enp1s32": "", "enps": "", "eth0": "", "en": "",
	} {
		if got, ok := place(name); got != want || ok != (want != "") {
			t.Errorf("%s is at %q, want %q", name, got, want)
		}
	}
	for name, want := range map[string]int{"vlan5": 5, "vlan0005": 5, "eth0.5": 5, "a.b.4094": 4094, "vlan": -1, "five": -1, "vlan00005": -1, "eth0.+5": -1, "lan.": -1} {
		if got, ok := tag(name); ok != (want >= 0) || ok && got != want {
			t.Errorf("%s has the tag %d, want %d", name, got, want)
		}
	}
}

func FuzzOverride(f *testing.F) {
	f.Add("ip=192.0.2.9::192.0.2.1:24::vlan7:none vlan=vlan7:bond1 bond=bond1:lan,eth1:mode=4 bridge=br0:port ip=[2001:db8::1]::[fe80::1]:64::lan:none")
	f.Add("ifname=x:52:54:00:12:34:56 ip=x:dhcp6 BOOTIF=01-52-54-00-12-34-56 rd.route=[2001:db8::]/32:[2001:db8::1]:lan nameserver=1.1.1.1 net.ifnames=0")
	f.Fuzz(func(t *testing.T, line string) {
		m := image()
		got, _ := Override(m, cmdline.Parse(line))
		if !reflect.DeepEqual(m, image()) {
			t.Error("the machine given was changed")
		}
		links := got.Links()
		for name, l := range links {
			for _, lower := range l.Lower {
				if _, ok := links[lower]; !ok {
					t.Errorf("%s lies on %q, which is not there", name, lower)
				}
			}
			if l.Master != "" && (l.DHCP4 || len(l.Addresses) > 0) {
				t.Errorf("%s is a port of %s and has addresses", name, l.Master)
			}
			if goodName(name) != nil {
				t.Errorf("name %q", name)
			}
		}
	})
}
