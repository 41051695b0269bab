package spec

import (
	"net/netip"
	"testing"
)

// Who states its addresses, or asks nobody, hears no router unless it says so.
func TestHearsRouters(t *testing.T) {
	yes, no := true, false
	four, six := []netip.Prefix{netip.MustParsePrefix("192.0.2.1/24")}, []netip.Prefix{netip.MustParsePrefix("2001:db8::1/64")}
	for _, tt := range []struct {
		name           string
		link           Link
		routers, route bool
	}{
		{"asks by DHCP", Link{Addressing: Addressing{DHCP4: true}}, true, true},
		{"asks by DHCP, and wants no routers", Link{Addressing: Addressing{DHCP4: true, RA: &no}}, false, true},
		{"asks by DHCPv6", Link{Addressing: Addressing{DHCP6: &yes}}, true, true},
		{"asks by DHCPv6 beside an address", Link{Addressing: Addressing{DHCP6: &yes, Addresses: four}}, true, true},
		{"asks by DHCPv6 alone", Link{Addressing: Addressing{DHCP6: &yes, RA: &no}}, false, false},
		{"asks by DHCP beside an address", Link{Addressing: Addressing{DHCP4: true, Addresses: six}}, false, true},
		{"asks by DHCP and forwards", Link{Addressing: Addressing{DHCP4: true, Forwarding: &yes}}, true, true},
		{"forwards", Link{Addressing: Addressing{Forwarding: &yes}}, false, false},
		{"forwards, and is told to hear", Link{Addressing: Addressing{Forwarding: &yes, Sysctl: map[string]string{"ipv6.accept_ra": "2"}}}, true, true},
		{"is told by the setting not to", Link{Addressing: Addressing{DHCP4: true, Sysctl: map[string]string{"ipv6.accept_ra": "0"}}}, false, true},
		{"static", Link{Addressing: Addressing{Addresses: four}}, false, false},
		{"static, by both", Link{Addressing: Addressing{Addresses: append(six, four...)}}, false, false},
		{"static, and wants routers", Link{Addressing: Addressing{Addresses: six, RA: &yes}}, true, true},
		{"wants routers, and no routes", Link{Addressing: Addressing{RA: &yes, UseRoutes: &no}}, true, false},
		{"asks by DHCP, and wants no routes", Link{Addressing: Addressing{DHCP4: true, UseRoutes: &no}}, true, false},
		{"says nothing", Link{}, false, false},
		{"a port", Link{Master: "br0", Addressing: Addressing{DHCP4: true}}, false, true},
		{"no address", Link{Addressing: Addressing{RA: &yes, NoAddress: true}}, false, false},
		{"a tunnel", Link{Kind: "wireguard", Addressing: Addressing{RA: &yes}}, false, false},
	} {
		if routers, route := tt.link.HearsRouters(), tt.link.HearsRoutes(); routers != tt.routers || route != tt.route {
			t.Errorf("%s: routers are heard: %t, routes: %t; want %t, %t", tt.name, routers, route, tt.routers, tt.route)
		}
	}
}
