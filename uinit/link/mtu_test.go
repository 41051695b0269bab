package link

import (
	"net/netip"
	"os"
	"strings"
	"testing"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/vishvananda/netlink"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/dhcp"
)

func TestMTU(t *testing.T) {
	no := false
	server := netip.MustParseAddr("192.0.2.1")
	only4 := spec.Addressing{DHCP4: true, RA: &no}
	for _, tt := range []struct {
		name   string
		lan    spec.Addressing
		vlan   map[string]spec.VLAN
		lease  int
		want   int
		warned string
	}{
		{"nothing said", spec.Addressing{DHCP4: true}, nil, 0, 0, ""},
		{"enough for IPv6", spec.Addressing{DHCP4: true}, nil, 1280, 1280, ""},
		{"too little for IPv6", spec.Addressing{DHCP4: true}, nil, 1279, 1280, "an MTU of 1279, as DHCP server 192.0.2.1 says, would end IPv6 here: it is 1280, the least for that (RFC 8200)"},
		{"no IPv6", only4, nil, 1279, 1279, ""},
		{"none but on a VLAN", only4, map[string]spec.VLAN{"v": {Parent: "lan", ID: 1, Addressing: spec.Addressing{DHCP4: true}}}, 1000, 1280, "an MTU of 1000"},
		{"none on a VLAN either", only4, map[string]spec.VLAN{"v": {Parent: "lan", ID: 1, Addressing: only4}}, 1000, 1000, ""},
		{"least of IPv4", only4, nil, 576, 576, ""},
		{"less than any network takes", only4, nil, 575, 0, "an MTU of 575, as DHCP server 192.0.2.1 says, is ignored: every network takes packets of 576 bytes"},
		{"the least that can be said", spec.Addressing{DHCP4: true}, nil, 68, 0, "an MTU of 68"},
		{"large", spec.Addressing{DHCP4: true}, nil, 9000, 0, "an MTU of 9000, as DHCP server 192.0.2.1 says, is ignored: more than 1500 is for the profile to say, as mtu"},
		{"stated", spec.Addressing{DHCP4: true, MTU: 1400}, nil, 1000, 1400, ""},
		{"stated, too little", spec.Addressing{DHCP4: true, MTU: 1000}, nil, 1400, 1280, "an MTU of 1000 would end IPv6"},
		{"stated, no IPv6", spec.Addressing{DHCP4: true, RA: &no, MTU: 100}, nil, 1400, 100, ""},
	} {
		rows := rowsOf(&spec.Machine{Ethernet: map[string]spec.Ethernet{"lan": {Addressing: tt.lan}}, VLAN: tt.vlan})
		m := rows["lan"].mtu(&dhcp.Lease{Server: server, MTU: tt.lease})
		got, told := m.bytes, m.told
		if got != tt.want || !strings.HasPrefix(told, tt.warned) || (told == "") != (tt.warned == "") {
			t.Errorf("%s: %d, told %q; want %d, %q", tt.name, got, told, tt.want, tt.warned)
		}
	}
}

// A server's small packets leave a link its IPv6: the kernel has that on no interface with an MTU below 1280.
func TestSmallPacketsLeaveIPv6(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	if _, err := os.Stat("/proc/sys/net/ipv6"); err != nil {
		t.Skipf("no IPv6 here: %v", err)
	}
	p := plug(t, "eth0")
	p.serve("192.0.2.100", 3600, dhcpv4.WithOption(dhcpv4.OptGeneric(dhcpv4.OptionInterfaceMTU, []byte{1000 >> 8, 1000 & 0xff})))
	m, f, ctx := manage(t, map[string]spec.Ethernet{"lan": {Match: veth, Addressing: spec.Addressing{
		DHCP4: true, Addresses: []netip.Prefix{netip.MustParsePrefix("2001:db8::20/64")},
	}}})
	if err := m.Configure(ctx, "lan"); err != nil {
		t.Fatal(err)
	}
	f.until("link.lan.mtu", "1280")
	f.when("its addresses", func(facts map[string]any) bool {
		all, _ := facts["link.lan.addresses"].([]string)
		text := strings.Join(all, " ")
		return strings.Contains(text, "192.0.2.100/24") && strings.Contains(text, "2001:db8::20/64") && strings.Contains(text, "fe80::")
	})
	f.when("a word of it", func(map[string]any) bool {
		return f.heard(`warned "lan: an MTU of 1000, as DHCP server 192.0.2.1 says, would end IPv6 here: it is 1280, the least for that (RFC 8200)"`)
	})
	lan, err := netlink.LinkByName("lan")
	if err != nil || lan.Attrs().MTU != spec.LeastIPv6 {
		t.Errorf("the kernel has %+v, %v", lan, err)
	}
}
