package link

import (
	"net/netip"
	"testing"

	"github.com/vishvananda/netlink"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// A network of guests is there before the first of them starts, and after the last one has stopped, for those who serve it.
func TestBridgeOfGuests(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	addresses := []netip.Prefix{netip.MustParsePrefix("192.0.2.1/24"), netip.MustParsePrefix("2001:db8::1/64")}
	m, f, ctx := manageAll(t, &spec.Machine{Bridge: map[string]spec.Bridge{"nat0": {Addressing: spec.Addressing{Addresses: addresses}}}})
	if err := m.Configure(ctx, "nat0"); err != nil {
		t.Fatal(err)
	}
	if err := m.Online(ctx, "nat0"); err != nil {
		t.Fatalf("nobody is there yet: %v", err)
	}
	f.until("link.nat0.carrier", "false")
	bridge, err := netlink.LinkByName("nat0")
	if err != nil {
		t.Fatal(err)
	}
	guest := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "tap0", MasterIndex: bridge.Attrs().Index}, PeerName: "guest"}
	if err := netlink.LinkAdd(guest); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"tap0", "guest"} {
		end, err := netlink.LinkByName(name)
		if err == nil {
			err = netlink.LinkSetUp(end)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	f.until("link.nat0.carrier", "true")
	if err := netlink.LinkDel(guest); err != nil {
		t.Fatal(err)
	}
	f.until("link.nat0.carrier", "false")
	if what := m.Waiting("nat0"); what != "" {
		t.Errorf("after its guest has stopped: %s", what)
	}
}

// What has a cable is online when that is plugged in, and so is what lies on it.
func TestPortless(t *testing.T) {
	rows := rowsOf(&spec.Machine{
		Ethernet: map[string]spec.Ethernet{"lan": {}},
		Bridge:   map[string]spec.Bridge{"br0": {Ports: []string{"lan"}}, "nat0": {}},
		VLAN:     map[string]spec.VLAN{"br0.5": {Parent: "br0", ID: 5}, "nat0.5": {Parent: "nat0", ID: 5}, "lan.5": {Parent: "lan", ID: 5}},
	})
	for name, r := range rows {
		if want := name == "nat0" || name == "nat0.5"; r.portless != want {
			t.Errorf("%s is a network of guests alone: %v", name, r.portless)
		}
	}
}
