package link

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/dhcp"
)

// Devices take less than is asked of them: they are up with what they take, and it is said what that is.
func TestDevicesTakeLess(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	tap := &netlink.Tuntap{LinkAttrs: netlink.LinkAttrs{Name: "tap7"}, Mode: netlink.TUNTAP_MODE_TAP}
	if err := netlink.LinkAdd(tap); err != nil {
		t.Skipf("no tap interfaces here: %v", err)
	}
	plug(t, "eth0")
	under, err := netlink.LinkByName("eth0")
	if err != nil {
		t.Fatal(err)
	}
	if err := netlink.LinkAdd(&netlink.Macvlan{LinkAttrs: netlink.LinkAttrs{Name: "mac7", ParentIndex: under.Attrs().Index}, Mode: netlink.MACVLAN_MODE_BRIDGE}); err != nil {
		t.Skipf("no macvlan interfaces here: %v", err)
	}
	m, f, ctx := manageAll(t, &spec.Machine{
		Ethernet: map[string]spec.Ethernet{
			"lan":  {Match: spec.Match{Driver: []string{"tun"}}, Addressing: spec.Addressing{MTU: 65535}},
			"side": {Match: spec.Match{Driver: []string{"macvlan"}}, Addressing: spec.Addressing{MTU: 9000, Addresses: []netip.Prefix{netip.MustParsePrefix("192.0.2.20/24")}}},
		},
		Bridge: map[string]spec.Bridge{"br0": {Ports: []string{"lan"}, Addressing: spec.Addressing{MTU: 65535}}},
	})
	done := make(chan error, 3)
	for _, name := range []string{"lan", "side", "br0"} {
		go func() { done <- m.Configure(ctx, name) }()
	}
	for range 3 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	for name, want := range map[string]struct{ mtu, told string }{
		"lan":  {"65521", "an MTU of 65535 is not to be had: the device takes 68 to 65521, so it is 65521"},
		"br0":  {"65521", "an MTU of 65535 is not to be had: lan, which carries it, takes 68 to 65521, so it is 65521"},
		"side": {"1500", "an MTU of 9000 is not to be had: ip link set side mtu 9000: invalid argument, so it is 1500"},
	} {
		f.until("link."+name+".mtu", want.mtu)
		limited := fmt.Sprintf("%s limited %q", name, want.told)
		f.when(limited, func(map[string]any) bool { return f.heard(limited) })
		if !f.heard(fmt.Sprintf("warned %q", name+": "+want.told)) {
			t.Errorf("of %s it was told %q", name, f.said)
		}
	}
	f.when("its address", func(facts map[string]any) bool {
		all, _ := facts["link.side.addresses"].([]string)
		return slices.Contains(all, "192.0.2.20/24")
	})
}

// sized is a kernel that knows what devices take: VLANs no more than what carries them, ports of bonds what their bonds have.
type sized struct{ soft }

func (s *sized) Do(o Op) error {
	switch o := o.(type) {
	case SetMTU:
		n := s.at(o.NIC)
		if n.MostMTU != 0 && o.MTU > n.MostMTU || n.Kind == "vlan" && o.MTU > s.at(n.Parent).MTU {
			return fmt.Errorf("%v: %w", o, unix.EINVAL)
		}
		for i := range s.NICs {
			if other := &s.NICs[i]; other.Master == o.NIC && n.Kind == "bond" || other.Kind == "vlan" && other.Parent == o.NIC && other.MTU > o.MTU {
				other.MTU = o.MTU
			}
		}
	case SetMaster:
		port, bond := s.at(o.NIC), s.at(o.Master)
		if bond.Kind == "bond" && port.MostMTU != 0 && bond.MTU > port.MostMTU {
			return fmt.Errorf("%v: %w", o, unix.EINVAL)
		}
		if bond.Kind == "bond" {
			port.MTU = bond.MTU
		}
	}
	return s.soft.Do(o)
}

// What carries a link takes less than the profile says, or comes to: the link is made, follows, and it is said what sets the limit.
func TestCarriersTakeLess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := &sized{soft{fake: fake{State: State{NICs: []NIC{
			{Index: 2, Name: "a", MTU: 1500, LeastMTU: 68, MostMTU: 9216, Carrier: true},
			{Index: 3, Name: "b", Bus: "1", MTU: 1500, LeastMTU: 68, MostMTU: 4000, Carrier: true},
			{Index: 4, Name: "c", Bus: "2", MTU: 1500, LeastMTU: 68, MostMTU: 1500, Carrier: true},
		}}}}}
		jumbo := spec.Addressing{MTU: 9000}
		m, f, changes := over(t, k, &spec.Machine{
			Ethernet: map[string]spec.Ethernet{"a": {}, "b": {}, "c": {}},
			Bond:     map[string]spec.Bond{"bond0": {Ports: []string{"a", "b"}, Mode: "active-backup", Addressing: jumbo}},
			VLAN:     map[string]spec.VLAN{"v5": {Parent: "bond0", ID: 5, Addressing: jumbo}, "v6": {Parent: "c", ID: 6, Addressing: spec.Addressing{MTU: 1500}}},
		})
		names := []string{"v5", "bond0", "b", "a", "v6", "c"}
		done := make(chan error, len(names))
		for _, name := range names {
			go func() { done <- m.Configure(t.Context(), name) }()
		}
		var all error
		for range names {
			all = errors.Join(all, <-done)
		}
		if all != nil {
			t.Errorf("%v; done %q", all, k.did)
		}
		is := func(name string, want int, limited string) {
			t.Helper()
			synctest.Wait()
			n, _ := k.named(name)
			if n.MTU != want || !n.Up {
				t.Errorf("%s: %+v, want an MTU of %d; done %q", name, n, want, k.did)
			}
			if said := fmt.Sprintf("%s limited %q", name, limited); !f.heard(said) {
				t.Errorf("not heard: %s; but %q", said, f.said)
			}
		}
		is("bond0", 4000, "an MTU of 9000 is not to be had: its port b takes 68 to 4000, so it is 4000")
		is("v5", 4000, "an MTU of 9000 is not to be had: bond0, which carries it, takes 68 to 4000, so it is 4000")
		if b, _ := k.named("b"); b.Master == 0 {
			t.Errorf("b has not joined: %+v", b)
		}
		// A server's word on what carries a VLAN counts for that, too, for as long as it is so.
		lend(m, "c", 1400)
		is("v6", 1400, "an MTU of 1500 is not to be had: c, which carries it, takes 68 to 1400, so it is 1400")
		lend(m, "c", 1450)
		is("v6", 1450, "an MTU of 1500 is not to be had: c, which carries it, takes 68 to 1450, so it is 1450")
		if f.heardOf("c limited") || f.heardOf("v6 limited \"\"") {
			t.Errorf("besides facts it was told %q", f.said)
		}
		k.at(3).MostMTU = 0
		changes <- struct{}{}
		is("v5", 9000, "")
	})
}

// lend is a lease that says an MTU, 0 for none.
func lend(m *Manager, link string, bytes int) {
	m.calls <- func(w *work) {
		w.active[link].lend(&dhcp.Lease{Server: netip.MustParseAddr("192.0.2.1"), Address: netip.MustParsePrefix("192.0.2.9/24"), Duration: time.Hour, Start: time.Now(), MTU: bytes}, false)
	}
}

// The size of packets that one lease says ends with it: with the next that says none, or nothing of use, a link has again what its
// device had or its row says, and so has a VLAN on it.
func TestServersMTUEndsWithItsLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := &sized{soft{fake: fake{State: State{NICs: []NIC{
			{Index: 2, Name: "lan", MTU: 1492, LeastMTU: 68, MostMTU: 9216, Carrier: true},
			{Index: 3, Name: "wan", Bus: "1", MTU: 1500, LeastMTU: 68, MostMTU: 9216, Carrier: true},
		}}}}}
		m, f, changes := over(t, k, &spec.Machine{
			Ethernet: map[string]spec.Ethernet{"lan": {}, "wan": {Addressing: spec.Addressing{MTU: 1450}}},
			VLAN:     map[string]spec.VLAN{"v5": {Parent: "lan", ID: 5}, "v6": {Parent: "lan", ID: 6, Addressing: spec.Addressing{MTU: 1300}}},
		})
		for _, name := range []string{"lan", "wan", "v5", "v6"} {
			go func() { _ = m.Configure(t.Context(), name) }()
		}
		synctest.Wait()
		for _, step := range []struct{ said, lan, v5 int }{{0, 1492, 1492}, {1400, 1400, 1400}, {1400, 1400, 1400}, {0, 1492, 1492}, {1450, 1450, 1450}, {1400, 1400, 1400}, {9000, 1492, 1492}, {1280, 1280, 1280}, {1500, 1492, 1492}, {0, 1492, 1492}} {
			lend(m, "lan", step.said)
			lend(m, "wan", step.said)
			synctest.Wait()
			changes <- struct{}{}
			synctest.Wait()
			for name, want := range map[string]int{"lan": step.lan, "v5": step.v5, "v6": min(1300, step.lan), "wan": 1450} {
				if n, _ := k.named(name); n.MTU != want {
					t.Errorf("a lease says %d: %s has %d, want %d; done %q", step.said, name, n.MTU, want, k.did)
				}
			}
		}
		if n := f.fact("link.v5.repairs"); n != 0 {
			t.Errorf("%v changes were taken for those of others", n)
		}
		// Without a lease the size goes, too.
		lend(m, "lan", 1400)
		m.calls <- func(w *work) { w.active["lan"].lease, w.active["lan"].dirty = nil, true }
		synctest.Wait()
		if n, _ := k.named("lan"); n.MTU != 1492 {
			t.Errorf("without a lease it has %d", n.MTU)
		}
	})
}

// What a server says beyond what the device takes is told, and no trouble of the profile's.
func TestServerSaysMoreThanDeviceTakes(t *testing.T) {
	w := &work{Manager: &Manager{rows: rowsOf(&spec.Machine{Ethernet: map[string]spec.Ethernet{"lan": {}}})},
		state: State{NICs: []NIC{{Index: 2, Name: "lan", MTU: 1300, LeastMTU: 68, MostMTU: 1300}}}, assigned: map[string]int{"lan": 2},
		active: map[string]*active{"lan": {nic: 2, lease: &dhcp.Lease{Server: netip.MustParseAddr("192.0.2.1"), MTU: 1400}}}}
	want := mtu{bytes: 1300, by: ", as DHCP server 192.0.2.1 says,", told: "an MTU of 1400, as DHCP server 192.0.2.1 says, is not to be had: the device takes 68 to 1300, so it is 1300"}
	if got := w.mtu("lan"); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}
