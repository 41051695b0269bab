package link

import (
	"net"
	"net/netip"
	"testing"

	"github.com/vishvananda/netlink"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// Everything is there but the far end, then that, too; and when the cable was out it is asked again.
func TestProbe(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	p := plug(t, "eth0")
	// An address that nobody has yet: no answer, not even a refusal.
	target := netip.MustParseAddrPort("192.0.2.7:443")
	m, f, ctx := manage(t, map[string]spec.Ethernet{"lan": {Match: veth, Addressing: spec.Addressing{
		Addresses: []netip.Prefix{netip.MustParsePrefix("192.0.2.20/24")}, Online: spec.Online{Probe: target}}}})
	if err := m.Configure(ctx, "lan"); err != nil {
		t.Fatal(err)
	}
	waits(ctx, t, m, "no answer from 192.0.2.7:443 on lan")
	far := &netlink.Addr{IPNet: &net.IPNet{IP: net.IPv4(192, 0, 2, 7), Mask: net.CIDRMask(24, 32)}}
	p.there(func() error { return p.handle.AddrAdd(p.link, far) })
	if err := m.Online(ctx, "lan"); err != nil {
		t.Fatal(err)
	}
	p.there(func() error { return p.handle.AddrDel(p.link, far) })
	p.cable(false)
	f.until("link.lan.carrier", "false")
	p.cable(true)
	waits(ctx, t, m, "no answer from 192.0.2.7:443 on lan")
}
