package link

import (
	"maps"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// What a row has no use for is not taken, whoever names it, and what it has use for is, from the same messages. An interface without a
// default router that it refuses is online all the same.
func TestUse(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	yes, no := true, false
	rows := map[string]spec.Ethernet{}
	peers := map[string]*peer6{}
	for i, l := range []struct {
		name, lends, dns string
		row              spec.Addressing
	}{
		{"a", "192.0.2.100", "198.51.100.1", spec.Addressing{DHCP4: true, RA: &yes, UseRoutes: &no, UseDNS: &no, UseMTU: &no}},
		{"b", "192.0.2.101", "198.51.100.2", spec.Addressing{DHCP4: true, RA: &yes, UseDomain: &no}},
	} {
		p := plug6(t, "eth"+l.name)
		p.serve(l.lends, 3600, dhcpv4.WithDNS(net.ParseIP(l.dns)), dhcpv4.WithOption(dhcpv4.OptDomainName(l.name+".lease.example")),
			dhcpv4.WithOption(dhcpv4.OptGeneric(dhcpv4.OptionInterfaceMTU, []byte{1400 >> 8, 1400 & 0xff})))
		rows[l.name] = spec.Ethernet{Match: spec.Match{Driver: veth.Driver, Index: &i}, Addressing: l.row}
		peers[l.name] = p
	}
	m, f, ctx := manage(t, rows)
	for name, p := range peers {
		if err := m.Configure(ctx, name); err != nil {
			t.Fatal(err)
		}
		p.solicited()
		mtu := []byte{5, 1, 0, 0, 0, 0, 1300 >> 8, 1300 & 0xff} // RFC 4861, section 4.6.4
		// What is not to be taken stands before what is.
		p.advertise(0, 1800, mtu, serverOption("2001:db8::"+name, 1800), domainOption(1800), serverOption("2001:db8::1"+name, 1800), prefixOption("2001:db8:7::", 3600))
		if err := m.Online(ctx, name); err != nil {
			t.Fatal(err)
		}
		f.when("an address of the advertised network on "+name, func(facts map[string]any) bool {
			all, _ := facts["link."+name+".addresses"].([]string)
			return strings.Contains(strings.Join(all, " "), "2001:db8:7:")
		})
	}
	f.until("resolver.servers", "[198.51.100.2 2001:db8::b 2001:db8::1b]")
	f.until("resolver.search", "[a.lease.example home.example]")
	for fact, want := range map[string]string{
		"link.a.gateway": "", "link.b.gateway": "192.0.2.1", "link.a.mtu": "1500", "link.b.mtu": "1400",
	} {
		f.until(fact, want)
	}
	for name, want := range map[string]string{"a": "1500", "b": "1300"} {
		if got, err := os.ReadFile("/proc/sys/net/ipv6/conf/" + name + "/mtu"); err != nil || strings.TrimSpace(string(got)) != want {
			t.Errorf("the largest IPv6 packet of %s has %q bytes, want %s: %v", name, got, want, err)
		}
	}
	if state, err := (&rtnetlink{known: map[int]hardware{}}).Observe(); err != nil {
		t.Error(err)
	} else {
		nic, _ := state.named("a")
		for _, r := range state.Routes {
			if r.NIC == nic.Index && r.Via.IsValid() {
				t.Errorf("a has a route that others named: %+v", r)
			}
		}
	}
}

// What the kernel is told of router advertisements: a router that asks its provider by DHCP hears the provider's, whatever forwarding means
// to the kernel, and who states addresses hears none.
func TestSettingsOfRouters(t *testing.T) {
	yes, no := true, false
	static := []netip.Prefix{netip.MustParsePrefix("192.0.2.1/24")}
	for name, tt := range map[string]struct {
		row  spec.Addressing
		want map[string]string
	}{
		"asks":              {spec.Addressing{DHCP4: true}, map[string]string{}},
		"asks and forwards": {spec.Addressing{DHCP4: true, Forwarding: &yes}, map[string]string{"ipv6/accept_ra": "2", "ipv4/forwarding": "1", "ipv6/forwarding": "1"}},
		"static":            {spec.Addressing{Addresses: static}, map[string]string{"ipv6/accept_ra": "0", "ipv4/accept_redirects": "0", "ipv6/accept_redirects": "0"}},
		"told otherwise":    {spec.Addressing{Addresses: static, Sysctl: map[string]string{"ipv6.accept_ra": "1"}}, map[string]string{"ipv6/accept_ra": "1"}},
		"static, and asks":  {spec.Addressing{Addresses: static, RA: &yes, UseRoutes: &no, UseMTU: &no}, map[string]string{"ipv6/accept_ra": "1", "ipv6/accept_ra_defrtr": "0", "ipv6/accept_ra_mtu": "0", "ipv4/accept_redirects": "0", "ipv6/accept_redirects": "0"}},
	} {
		if got := settings(spec.Link{Kind: "ethernet", Addressing: tt.row}); !maps.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
}
