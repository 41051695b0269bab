package link

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// routeOption is a route information option (RFC 4191, section 2.3) of medium preference.
func routeOption(route string, seconds uint32) []byte {
	p := netip.MustParsePrefix(route)
	b := binary.BigEndian.AppendUint32([]byte{24, 3, byte(p.Bits()), 0}, seconds)
	return append(b, p.Addr().AsSlice()...)
}

// solicited waits until the kernel at the other end asks for routers: what is advertised before that may be lost.
func (p *peer6) solicited() {
	p.t.Helper()
	limit := unix.Timeval{Sec: 30}
	if err := unix.SetsockoptTimeval(p.icmp, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &limit); err != nil {
		p.t.Fatal(err)
	}
	for b := make([]byte, 256); ; {
		n, _, err := unix.Recvfrom(p.icmp, b, 0)
		if err != nil {
			p.t.Fatalf("nobody asks for routers: %v", err)
		}
		if n > 0 && b[0] == 133 {
			return
		}
	}
}

// Routes that a router advertises are taken where the profile says so, for as long as they are good; by a box that
// forwards, too.
func TestAdvertisedRoutes(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	yes := true
	links := []struct {
		name string
		row  spec.Addressing
		want string
	}{
		{"lan", spec.Addressing{RA: &yes, UseRoutes: &yes}, "[2001:db8:55::/48 via ROUTER 2001:db8:66:7::1/128 via ROUTER]"},
		{"none", spec.Addressing{RA: &yes}, "[]"},
		{"router", spec.Addressing{RA: &yes, UseRoutes: &yes, Forwarding: &yes}, "[2001:db8:55::/48 via ROUTER 2001:db8:66:7::1/128 via ROUTER]"},
	}
	rows := map[string]spec.Ethernet{}
	var peers []*peer6
	for i, l := range links {
		peers = append(peers, plug6(t, fmt.Sprint("eth", i)))
		rows[l.name] = spec.Ethernet{Match: spec.Match{Driver: veth.Driver, Index: &i}, Addressing: l.row}
	}
	m, f, ctx := manage(t, rows)
	for i, l := range links {
		if err := m.Configure(ctx, l.name); err != nil {
			t.Fatal(err)
		}
		fact := func(name string) string { return "link." + l.name + "." + name }
		peers[i].solicited()
		peers[i].advertise(0, 1800, routeOption("2001:db8:55::/48", 1800), routeOption("2001:db8:66:7::1/128", 1800), prefixOption("2001:db8:7::", 3600))
		// The kernel takes the default router first, all of an advertisement at once, and the address last.
		f.when("an address of the advertised network on "+l.name, func(facts map[string]any) bool {
			return strings.Contains(fmt.Sprint(facts[fact("addresses")]), "2001:db8:7:")
		})
		router := fmt.Sprint(f.fact(fact("gateway")))
		f.until(fact("ra.routes"), strings.ReplaceAll(l.want, "ROUTER", router))
		peers[i].advertise(0, 1800, routeOption("2001:db8:55::/48", 0), routeOption("2001:db8:66:7::1/128", 0))
		f.until(fact("ra.routes"), "[]")
	}
}
