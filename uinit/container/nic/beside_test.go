package nic

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/nettest"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// A second interface beside one of the machine's is on the same wire, with an address of its own; on a VLAN as well.
func TestBeside(t *testing.T) {
	if !inNetwork(t) {
		return
	}
	guest := neighbour(t, "", "cable", "52:54:00:00:00:09", "192.0.2.9/24")
	file := nettest.Space(t)
	nics := map[string]spec.ContainerNIC{"eth0": {Link: "cable", Addresses: prefixes("192.0.2.5/24", "2001:db8::5/64")}}
	if _, _, err := start(t, file, "web", nics); err != nil {
		t.Fatal(err)
	}
	ns := inside(t, file)
	nettest.Serve(t, ns.Do, "tcp", "192.0.2.5:80", "hello")
	if word, err := nettest.Ask(guest.Do, "tcp", "192.0.2.5:80", 5*time.Second); !strings.HasPrefix(word, "hello to ") || err != nil {
		t.Errorf("it answers %q, %v", word, err)
	}
	if l, err := ns.LinkByName("eth0"); err != nil || l.Type() != "macvlan" || l.Attrs().HardwareAddr.String() != string(MAC("host", "web", "eth0")) {
		t.Errorf("eth0 is %v, %v", l, err)
	}
}

func TestBesideVLAN(t *testing.T) {
	if !inNetwork(t) {
		return
	}
	guest := neighbour(t, "", "cable", "52:54:00:00:00:09")
	cable, err := netlink.LinkByName("cable")
	if err != nil {
		t.Fatal(err)
	}
	tagged := netlink.LinkAttrs{Name: "v20", ParentIndex: cable.Attrs().Index}
	if err := netlink.LinkAdd(&netlink.Vlan{LinkAttrs: tagged, VlanId: 20, VlanProtocol: netlink.VLAN_PROTOCOL_8021Q}); errors.Is(err, unix.EOPNOTSUPP) {
		t.Skipf("no VLANs here: %v", err)
	} else if err != nil {
		t.Fatal(err)
	}
	far, err := guest.LinkByName("eth0")
	if err != nil {
		t.Fatal(err)
	}
	tagged.ParentIndex = far.Attrs().Index
	v20 := &netlink.Vlan{LinkAttrs: tagged, VlanId: 20, VlanProtocol: netlink.VLAN_PROTOCOL_8021Q}
	near, err := netlink.LinkByName("v20")
	if err == nil {
		err = errors.Join(netlink.LinkSetUp(near), guest.LinkAdd(v20))
	}
	if err == nil {
		err = errors.Join(guest.LinkSetUp(v20), guest.AddrAdd(v20, &netlink.Addr{IPNet: ipNet(netip.MustParsePrefix("192.0.2.9/24"))}))
	}
	if err != nil {
		t.Fatal(err)
	}
	file := nettest.Space(t)
	if _, _, err := start(t, file, "web", map[string]spec.ContainerNIC{"eth0": {Link: "v20", Addresses: prefixes("192.0.2.5/24")}}); err != nil {
		t.Fatal(err)
	}
	nettest.Serve(t, inside(t, file).Do, "tcp", "192.0.2.5:80", "hello")
	if word, err := nettest.Ask(guest.Do, "tcp", "192.0.2.5:80", 5*time.Second); !strings.HasPrefix(word, "hello to ") || err != nil {
		t.Errorf("it answers %q, %v", word, err)
	}
}
