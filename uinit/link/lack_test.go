package link

import (
	"net/netip"
	"testing"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/dhcp"
	"github.com/imgbuild/imgbuild/uinit/dhcp6/lease"
)

// Of a link with both families it is said which one it lacks, and by which address it can be reached meanwhile; one that is online
// stays so while a further address is being tried.
func TestLack(t *testing.T) {
	yes, no := true, false
	prefix := netip.MustParsePrefix
	four := Address{Prefix: prefix("192.0.2.5/24")}
	local, old := Address{Prefix: prefix("fe80::5/64")}, Address{Prefix: prefix("2001:db8:1::5/64")}
	further := Address{Prefix: prefix("2001:db8:2::5/64"), Tentative: true}
	failed := Address{Prefix: prefix("2001:db8:2::5/64"), Tentative: true, Duplicate: true}
	managed := Address{Prefix: prefix("2001:db8:3::5/128"), Tentative: true}
	way4 := Route{Dst: prefix("0.0.0.0/0"), Via: netip.MustParseAddr("192.0.2.1")}
	way6 := Route{Dst: prefix("::/0"), Via: netip.MustParseAddr("fe80::1")}
	both, asks := spec.Addressing{DHCP4: true, RA: &yes}, spec.Addressing{DHCP4: true, DHCP6: &yes}
	six := spec.Addressing{RA: &yes}
	lent4, lent6 := &dhcp.Lease{Address: four.Prefix}, &lease.Lease{Address: managed.Prefix.Addr()}
	asking := func(what string) func() (string, string) {
		return func() (string, string) { return what, " (2 sent)" }
	}
	for name, tt := range map[string]struct {
		row       spec.Addressing
		lease     *dhcp.Lease
		lease6    *lease.Lease
		addresses []Address
		routes    []Route
		want      string
	}{
		"neither":                        {both, nil, nil, []Address{local}, nil, "no answer to DHCPDISCOVER on lan (2 sent); no router advertisement on lan"},
		"IPv4 alone":                     {both, lent4, nil, []Address{four, local}, []Route{way4}, "no IPv6, has 192.0.2.5: no router advertisement on lan"},
		"IPv6 alone":                     {both, nil, nil, []Address{local, old}, []Route{way6}, "no IPv4, has 2001:db8:1::5: no answer to DHCPDISCOVER on lan (2 sent)"},
		"IPv6 that nobody asked for":     {spec.Addressing{DHCP4: true}, nil, nil, []Address{local, old}, nil, "no IPv4, has 2001:db8:1::5: no answer to DHCPDISCOVER on lan (2 sent)"},
		"a router without a prefix":      {both, lent4, nil, []Address{four, local}, []Route{way4, way6}, "no IPv6, has 192.0.2.5: no IPv6 address on lan"},
		"the first address is tentative": {both, lent4, nil, []Address{four, local, further}, []Route{way4, way6}, "no IPv6, has 192.0.2.5: address 2001:db8:2::5 is tentative on lan"},
		"both":                           {both, lent4, nil, []Address{four, local, old}, []Route{way4, way6}, ""},
		"a further address is tentative": {both, lent4, nil, []Address{four, local, old, further}, []Route{way4, way6}, ""},
		"IPv6 alone is wanted, and a further address is tentative": {six, nil, nil, []Address{local, further, old}, []Route{way6}, ""},
		"a further address is another machine's":                   {six, nil, nil, []Address{local, old, failed}, []Route{way6}, ""},
		"all addresses are another machine's":                      {six, nil, nil, []Address{local, failed}, []Route{way6}, "no IPv6 address on lan"},
		"what routers say is to be had by DHCPv6 is tentative":     {six, nil, lent6, []Address{local, old, managed}, []Route{way6}, ""},
		"that is the only address":                                 {six, nil, lent6, []Address{local, managed}, []Route{way6}, "address 2001:db8:3::5 is tentative on lan"},
		"what the profile asks for by DHCPv6 is tentative":         {asks, lent4, lent6, []Address{four, local, old, managed}, []Route{way4}, "no IPv6, has 192.0.2.5: address 2001:db8:3::5 is tentative on lan"},
		"no answer by DHCPv6":                                      {asks, lent4, nil, []Address{four, local}, []Route{way4}, "no IPv6, has 192.0.2.5: no answer to DHCPv6 SOLICIT on lan (2 sent)"},
		"no routers, by the profile":                               {spec.Addressing{DHCP4: true, RA: &no}, lent4, nil, []Address{four, local}, []Route{way4}, ""},
	} {
		v := view{
			name: "lan", row: row{Link: spec.Link{Addressing: tt.row}}, nic: &NIC{Index: 2, Name: "lan", Up: true, Carrier: true},
			lease: tt.lease, lease6: tt.lease6, addresses: tt.addresses, routes: tt.routes,
			asking: asking("no answer to DHCPDISCOVER on lan"), asking6: asking("no answer to DHCPv6 SOLICIT on lan"),
		}
		v.wanted = want("lan", tt.row, 0, 2, tt.lease)
		v.wanted.Addresses = append(v.wanted.Addresses, leased6(tt.lease6)...)
		if got := v.waiting(); got != tt.want {
			t.Errorf("%s: waiting for %q, want %q", name, got, tt.want)
		}
	}
}
