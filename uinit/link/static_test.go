package link

import (
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// echoed waits until the other end has answered: what was sent before has arrived there.
func (p *peer6) echoed(to netip.Addr) {
	p.t.Helper()
	limit := unix.Timeval{Sec: 1}
	if err := unix.SetsockoptTimeval(p.icmp, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &limit); err != nil {
		p.t.Fatal(err)
	}
	for range 30 {
		// An echo request and its reply (RFC 4443, section 4); a reply is lost while addresses are tentative.
		if err := unix.Sendto(p.icmp, []byte{128, 0, 0, 0, 7, 7, 0, 1}, 0, &unix.SockaddrInet6{ZoneId: uint32(p.link.Attrs().Index), Addr: to.As16()}); err != nil {
			p.t.Fatal(err)
		}
		for b := make([]byte, 256); ; {
			n, _, err := unix.Recvfrom(p.icmp, b, 0)
			if err != nil {
				break
			}
			if n > 5 && b[0] == 129 && b[4] == 7 {
				return
			}
		}
	}
	p.t.Fatal("nobody answers echo requests")
}

// An interface that has addresses of its own takes none from a router that nobody asked for, nor a route, a name server or a domain,
// and no redirects; one that says ra = true takes them beside its own.
func TestStaticHearsNobody(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	yes := true
	pfx := netip.MustParsePrefix
	links := map[string]spec.Addressing{
		"four":  {Addresses: []netip.Prefix{pfx("192.0.2.20/24")}},
		"six":   {Addresses: []netip.Prefix{pfx("2001:db8:9::9/64")}, Gateways: []netip.Addr{netip.MustParseAddr("2001:db8:9::1")}},
		"way":   {Addresses: []netip.Prefix{pfx("198.51.100.20/24")}, Forwarding: &yes},
		"asked": {Addresses: []netip.Prefix{pfx("203.0.113.20/24")}, RA: &yes},
	}
	rows, peers := map[string]spec.Ethernet{}, map[string]*peer6{}
	for i, name := range slices.Sorted(maps.Keys(links)) {
		peers[name] = plug6(t, "eth"+name)
		rows[name] = spec.Ethernet{Match: spec.Match{Driver: veth.Driver, Index: &i}, Addressing: links[name]}
	}
	m, f, ctx := manage(t, rows)
	for _, name := range slices.Sorted(maps.Keys(links)) {
		if err := m.Configure(ctx, name); err != nil {
			t.Fatal(err)
		}
		p := peers[name]
		if name != "asked" {
			p.echoed(netip.MustParseAddr("ff02::1"))
		} else {
			p.solicited()
		}
		p.advertise(0, 1800, serverOption("2001:db8::"+map[bool]string{true: "1", false: "bad"}[name == "asked"], 1800), prefixOption("2001:db8:7::", 3600), routeOption("2001:db8:8::/48", 1800))
		p.echoed(netip.MustParseAddr("ff02::1"))
	}
	f.when("an address of the advertised network on asked", func(facts map[string]any) bool {
		all, _ := facts["link.asked.addresses"].([]string)
		return strings.Contains(strings.Join(all, " "), "2001:db8:7:")
	})
	f.until("resolver.servers", "[2001:db8::1]")
	state, err := (&rtnetlink{known: map[int]hardware{}}).Observe()
	if err != nil {
		t.Fatal(err)
	}
	for name, row := range links {
		nic, _ := state.named(name)
		for _, a := range state.Addresses {
			if a.NIC == nic.Index && name != "asked" && !a.Prefix.Addr().IsLinkLocalUnicast() && !slices.Contains(row.Addresses, a.Prefix) {
				t.Errorf("%s has taken the address %v", name, a.Prefix)
			}
		}
		for _, r := range state.Routes {
			if r.NIC == nic.Index && name != "asked" && r.Via.IsValid() && !r.Ours {
				t.Errorf("%s has taken the route %v via %v", name, r.Dst, r.Via)
			}
		}
		want := map[bool]string{true: "1", false: "0"}[name == "asked"]
		for key, got := range readSettings(name, []string{"ipv4/" + redirects, "ipv6/" + redirects}) {
			if got != want {
				t.Errorf("%s of %s is %s, want %s", key, name, got, want)
			}
		}
	}
	if err := ownRedirects(&spec.Machine{}); err != nil {
		t.Fatal(err)
	}
	if got := readSettings("all", []string{"ipv4/" + redirects}); got["ipv4/"+redirects] != "0" {
		t.Errorf("all interfaces take redirects where one does: %v", got)
	}
}
