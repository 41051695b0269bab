package nic

import (
	"errors"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/vishvananda/netlink"

	"github.com/imgbuild/imgbuild/internal/nettest"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// An address that another machine has keeps the container from starting, in either family; this machine's is one as well.
func TestTakenAddresses(t *testing.T) {
	if !inNetwork(t) {
		return
	}
	_ = neighbour(t, "br0", "guest", "52:54:00:00:00:09", "192.0.2.9/24", "2001:db8::9/64")
	master, err := netlink.LinkByName("br0")
	if err == nil {
		err = errors.Join(netlink.AddrAdd(master, &netlink.Addr{IPNet: ipNet(netip.MustParsePrefix("192.0.2.1/24"))}),
			netlink.LinkSetHardwareAddr(master, net.HardwareAddr{2, 0, 0, 0, 0, 1})) // else it is that of a port
	}
	if err != nil {
		t.Fatal(err)
	}
	before := here(t)
	for _, tt := range []struct{ address, who string }{
		{"192.0.2.9/24", "52:54:00:00:00:09"}, {"192.0.2.1/24", "02:00:00:00:00:01"}, {"2001:db8::9/64", ""},
	} {
		file := nettest.Space(t)
		_, _, err := start(t, file, "web", map[string]spec.ContainerNIC{"eth0": {Bridge: "br0", Addresses: prefixes("192.0.2.7/24", tt.address)}})
		if err == nil || !strings.Contains(err.Error(), "eth0: "+netip.MustParsePrefix(tt.address).Addr().String()+" belongs to another machine") {
			t.Errorf("%s: %v", tt.address, err)
			continue
		}
		taken := (*TakenError)(nil)
		if tt.who != "" && (!errors.As(err, &taken) || taken.Who.String() != tt.who) {
			t.Errorf("%s: %v; want %s named", tt.address, err, tt.who)
		}
		if after := here(t); !slices.Equal(before, after) {
			t.Errorf("%s: %v is left; before was %v", tt.address, after, before)
		}
	}
}

// On a bridge with a spanning tree nobody is asked before the bridge passes it on.
func TestSpanningTree(t *testing.T) {
	if !inNetwork(t) {
		return
	}
	bridge(t, "br1", 200) // as short as may be
	_ = neighbour(t, "br1", "guest", "52:54:00:00:00:09", "192.0.2.9/24", "2001:db8::9/64")
	for _, address := range []string{"192.0.2.9/24", "2001:db8::9/64"} {
		_, _, err := start(t, nettest.Space(t), "web", map[string]spec.ContainerNIC{"eth0": {Bridge: "br1", Addresses: prefixes(address)}})
		if err == nil || !strings.Contains(err.Error(), " belongs to another machine") {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// What fails half-way leaves nothing, here or there.
func TestHalfWay(t *testing.T) {
	if !inNetwork(t) {
		return
	}
	_ = neighbour(t, "", "cable", "52:54:00:00:00:09")
	before := here(t)
	file := nettest.Space(t)
	_, _, err := start(t, file, "web", map[string]spec.ContainerNIC{
		"a": {Bridge: "br0", Addresses: prefixes("192.0.2.5/24")}, "b": {Link: "cable"}, "z": {Bridge: "br1"},
	})
	if err == nil || !strings.Contains(err.Error(), "interface z: finding bridge br1: ") {
		t.Errorf("a bridge that is not there: %v", err)
	}
	if after := here(t); !slices.Equal(before, after) {
		t.Errorf("%v is left; before was %v", after, before)
	}
	links, err := inside(t, file).LinkList()
	if err != nil || slices.ContainsFunc(links, func(l netlink.Link) bool { return l.Type() == "veth" || l.Type() == "macvlan" }) {
		t.Errorf("in the container is left: %v, %v", links, err)
	}
}

// The interfaces go with the container's last process, and what a killed one left is no obstacle to the next.
func TestDeath(t *testing.T) {
	if !inNetwork(t) {
		return
	}
	before := here(t)
	nics := map[string]spec.ContainerNIC{"eth0": {Bridge: "br0", Addresses: prefixes("192.0.2.5/24"), RA: false}}
	first := nettest.Space(t)
	_, stop, err := start(t, first, "web", nics)
	if err != nil {
		t.Fatal(err)
	}
	// The next one comes while the network of the first is still there.
	stop()
	second := nettest.Space(t)
	_, stop, err = start(t, second, "web", nics)
	if err != nil {
		t.Fatal(err)
	}
	stop()
	second.Close()
	nettest.Eventually(t, "interfaces are left", func() bool { return slices.Equal(before, here(t)) })
}
