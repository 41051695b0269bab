package link

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/vishvananda/netlink"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// Somebody on the network names more routes than any has: that is told once, no further ones are taken, and a person is not
// shown all of them. When they have gone, routes are taken again.
func TestFloodOfRoutes(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	yes := true
	p := plug6(t, "eth0")
	m, f, ctx := manage(t, map[string]spec.Ethernet{"lan": {Match: veth, Addressing: spec.Addressing{RA: &yes, UseRoutes: &yes}}})
	if err := m.Configure(ctx, "lan"); err != nil {
		t.Fatal(err)
	}
	p.solicited()
	invent := func(from, to int, seconds uint32) {
		for from < to {
			var all [][]byte
			for range min(50, to-from) {
				all = append(all, routeOption(fmt.Sprintf("2001:db8:%x::/48", from), seconds))
				from++
			}
			p.advertise(0, 1800, all...)
		}
	}
	taken := func(want string) {
		t.Helper()
		f.when("the setting "+want, func(map[string]any) bool {
			return readSettings("lan", []string{takesRoutes})[takesRoutes] == want
		})
	}
	const flood = mostAdvertised + 200
	invent(0, flood, 1800)
	f.when("a word of it", func(map[string]any) bool { return f.heardOf(`warned "lan: routers have named `) })
	taken("0")
	invent(flood, 2*flood, 1800)
	p.advertise(0, 1800, prefixOption("2001:db8:ffff::", 3600))
	f.when("what was advertised last", func(map[string]any) bool {
		all, err := netlink.AddrList(nil, netlink.FAMILY_V6)
		for _, a := range all {
			ip, _ := netip.AddrFromSlice(a.IP)
			if err == nil && netip.MustParsePrefix("2001:db8:ffff::/64").Contains(ip) {
				return true
			}
		}
		return false
	})
	k := &rtnetlink{known: map[int]hardware{}}
	state, err := k.Observe()
	if err != nil {
		t.Fatal(err)
	}
	f.when("what a person is shown of them", func(facts map[string]any) bool {
		all, _ := facts["link.lan.ra.routes"].([]string)
		return len(all) == mostNamed+1
	})
	n := 0
	for _, r := range state.Routes {
		if r.named() {
			n++
			gone := r.netlink()
			gone.Protocol = 0 // whoever made it
			if err := netlink.RouteDel(gone); err != nil {
				t.Fatal(err)
			}
		}
	}
	if n <= mostAdvertised || n > flood {
		t.Errorf("the kernel has %d routes, want %d", n, flood)
	}
	taken("128")
}
