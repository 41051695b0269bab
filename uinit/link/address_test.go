package link

import (
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/vishvananda/netlink"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// The lowest address is what the kernel gives a bridge, and guests' may be lower still.
const (
	guestMAC = "02:00:00:00:00:01"
	lowMAC   = "02:00:00:00:00:0a"
	highMAC  = "02:00:00:00:00:0b"
)

// card is an interface that looks like hardware to a row which matches its address.
func card(t *testing.T, name, mac string) *netlink.Veth {
	t.Helper()
	hw, err := net.ParseMAC(mac)
	if err != nil {
		t.Fatal(err)
	}
	v := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: name, HardwareAddr: hw}, PeerName: name + "-far"}
	if err := netlink.LinkAdd(v); err != nil {
		t.Fatal(err)
	}
	far, err := netlink.LinkByName(v.PeerName)
	if err == nil {
		err = netlink.LinkSetUp(far)
	}
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// join makes an interface a port of a bridge as a guest's start does.
func join(t *testing.T, bridge, name, mac string) *netlink.Veth {
	t.Helper()
	port := card(t, name, mac)
	br, err := netlink.LinkByName(bridge)
	if err == nil {
		err = netlink.LinkSetMaster(port, br)
	}
	if err == nil {
		err = netlink.LinkSetUp(port)
	}
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// has fails unless the kernel's address of an interface is as it should be at once: nobody has to mend it.
func has(t *testing.T, when, name, want string) {
	t.Helper()
	l, err := netlink.LinkByName(name)
	if err != nil {
		t.Fatal(err)
	}
	if got := l.Attrs().HardwareAddr.String(); got != want {
		t.Errorf("%s: %s has %s, want %s", when, name, got, want)
	}
}

// A bridge keeps the address of its first port, one without ports its own, whatever guests come and go, and whichever port is
// found first.
func TestBridgeKeepsItsAddress(t *testing.T) {
	for _, order := range []string{"first high", "first low"} {
		t.Run(order, func(t *testing.T) { keepsAddress(t, order == "first low") })
	}
}

func keepsAddress(t *testing.T, reversed bool) {
	if !inNamespace(t) {
		return
	}
	cards := [][2]string{{"eth0", highMAC}, {"eth1", lowMAC}}
	if reversed {
		slices.Reverse(cards)
	}
	row := func(mac spec.MAC) spec.Ethernet {
		return spec.Ethernet{Match: spec.Match{Driver: veth.Driver, MAC: mac}}
	}
	m, f, ctx := manageAll(t, &spec.Machine{
		Ethernet: map[string]spec.Ethernet{"high": row(highMAC), "low": row(lowMAC)},
		Bridge: map[string]spec.Bridge{
			"br0":  {Ports: []string{"high", "low"}, Addressing: spec.Addressing{Addresses: []netip.Prefix{netip.MustParsePrefix("192.0.2.20/24")}}},
			"nat0": {Addressing: spec.Addressing{Addresses: []netip.Prefix{netip.MustParsePrefix("198.51.100.1/24")}}},
		},
	})
	m.machine = "one"
	own := string(derived("one", "nat0"))
	for name := range m.rows {
		go func() { _ = m.Configure(ctx, name) }() // what is not there yet is waited for
	}
	f.until("link.nat0.mac", own)
	card(t, cards[0][0], cards[0][1])
	f.until("link.br0.mac", cards[0][1])
	card(t, cards[1][0], cards[1][1])
	f.until("link.br0.ports", "[high low]")
	f.until("link.br0.mac", highMAC)
	has(t, "with its ports", "br0", highMAC)

	for _, bridge := range []string{"br0", "nat0"} {
		want := map[string]string{"br0": highMAC, "nat0": own}[bridge]
		guest := join(t, bridge, "tap", guestMAC)
		has(t, "a guest has come", bridge, want)
		if err := netlink.LinkDel(guest); err != nil {
			t.Fatal(err)
		}
		has(t, "the guest has gone", bridge, want)
	}
	high, err := netlink.LinkByName("high")
	if err != nil {
		t.Fatal(err)
	}
	if err := netlink.LinkDel(high); err != nil {
		t.Fatal(err)
	}
	f.until("link.br0.ports", "[low]")
	has(t, "its first port has gone", "br0", highMAC)
	card(t, "eth2", highMAC)
	f.until("link.br0.ports", "[high low]")
	has(t, "and come back", "br0", highMAC)
	f.until("link.br0.repairs", "0")
}

// A bond has the address of its first port, whichever is found first, and keeps it when that goes; so do the VLAN and the
// bridge on it. A driver that refuses another address while it is up is never asked for one, but where the first port comes late.
func TestBondKeepsItsAddress(t *testing.T) {
	first := NIC{Name: "eth7", MAC: highMAC, Address: highMAC, MTU: 1500, Carrier: true, Bus: "1"}
	second := NIC{Name: "eth8", MAC: lowMAC, Address: lowMAC, MTU: 1500, Carrier: true, Bus: "2"}
	for _, tt := range []struct {
		name  string
		steps [][]NIC
		live  bool
		want  []spec.MAC
	}{
		{"both there", [][]NIC{{first, second}}, false, []spec.MAC{highMAC}},
		{"the bus reversed", [][]NIC{{second, first}}, false, []spec.MAC{highMAC}},
		{"before its ports", [][]NIC{nil, {second, first}}, false, []spec.MAC{"", highMAC}},
		{"the first comes late", [][]NIC{nil, {second}, {second, first}}, true, []spec.MAC{"", lowMAC, highMAC}},
		{"the first is missing", [][]NIC{{second}}, false, []spec.MAC{lowMAC}},
		{"the first goes, and comes again", [][]NIC{{first, second}, {second}, {second, first}}, false, []spec.MAC{highMAC, highMAC, highMAC}},
		{"all go, and come again", [][]NIC{{first, second}, nil, {second}, {second, first}}, false, []spec.MAC{highMAC, highMAC, highMAC, highMAC}},
	} {
		t.Run(tt.name, func(t *testing.T) { synctest.Test(t, func(t *testing.T) { bonded(t, tt.live, tt.steps, tt.want) }) })
	}
}

func bonded(t *testing.T, live bool, steps [][]NIC, want []spec.MAC) {
	k := &soft{live: live}
	static := func(text string) spec.Addressing {
		return spec.Addressing{Addresses: []netip.Prefix{netip.MustParsePrefix(text)}}
	}
	m, f, changes := over(t, k, &spec.Machine{
		Ethernet: map[string]spec.Ethernet{"a": {Match: spec.Match{MAC: lowMAC}}, "b": {Match: spec.Match{MAC: highMAC}}},
		Bond:     map[string]spec.Bond{"bond0": {Ports: []string{"b", "a"}, Mode: "active-backup", MIIMon: 100e6}},
		VLAN:     map[string]spec.VLAN{"tagged": {Parent: "bond0", ID: 20, Addressing: static("2001:db8::1/64")}},
		Bridge:   map[string]spec.Bridge{"br20": {Ports: []string{"bond0"}, Addressing: static("2001:db8:1::1/64")}},
	})
	for i, there := range steps {
		k.NICs = slices.DeleteFunc(k.NICs, func(n NIC) bool {
			return n.Kind == "" && !slices.ContainsFunc(there, func(hw NIC) bool { return hw.MAC == n.MAC })
		})
		for _, hw := range there {
			if !slices.ContainsFunc(k.NICs, func(n NIC) bool { return n.Kind == "" && n.MAC == hw.MAC }) {
				hw.Index = 1000*(i+1) + len(k.NICs)
				k.NICs = append(k.NICs, hw)
			}
		}
		if i == 0 {
			for name := range m.rows {
				go func() { _ = m.Configure(t.Context(), name) }()
			}
		} else {
			changes <- struct{}{}
		}
		synctest.Wait()
		bond, _ := k.named("bond0")
		bridge, _ := k.named("br20")
		on := want[i]
		if on == "" {
			on = derived(m.machine, "br20")
		}
		if bond.Address != want[i] || bridge.Address != on {
			t.Errorf("step %d: the bond has %s, want %s; the bridge has %s, want %s; done:\n%s", i, bond.Address, want[i], bridge.Address, on, strings.Join(k.did, "\n"))
		}
		for _, name := range []string{"bond0", "tagged", "br20"} {
			if n := f.fact("link." + name + ".repairs"); n != 0 {
				t.Errorf("step %d: %v changes of %s were taken for those of others; done:\n%s", i, n, name, strings.Join(k.did, "\n"))
			}
			if n, _ := k.named(name); !n.Up {
				t.Errorf("step %d: %s is down", i, name)
			}
		}
		for _, address := range []string{"2001:db8::1/64", "2001:db8:1::1/64"} {
			if !slices.ContainsFunc(k.Addresses, func(a Address) bool { return a.Prefix == netip.MustParsePrefix(address) }) {
				t.Errorf("step %d: %s is gone", i, address)
			}
		}
	}
}

// What has no hardware gets an address of one locally administered interface: the same each time, and another one by another
// name, on another machine, and where the firmware says nothing, with other hardware.
func TestDerivedAddress(t *testing.T) {
	seen := map[spec.MAC]string{}
	for _, machine := range []string{"", "4c4c4544-0042-3510-8052-b4c04f4d3132\n", "4c4c4544-0042-3510-8052-b4c04f4d3133\n"} {
		for _, mac := range []spec.MAC{lowMAC, highMAC} {
			for _, name := range []string{"nat0", "nat1"} {
				m := New(t.Context(), &spec.Machine{Bridge: map[string]spec.Bridge{name: {}}}, newTold(t), nil)
				m.machine = machine
				w := &work{Manager: m, macs: map[string]spec.MAC{"lan": mac}}
				got, who := w.chosen(name), machine+name
				if machine == "" {
					who += string(mac)
				}
				hw, err := net.ParseMAC(string(got))
				if err != nil || hw[0]&3 != 2 {
					t.Errorf("%s: %s is not a locally administered address of one interface", who, got)
				}
				if other, dup := seen[got]; dup && other != who {
					t.Errorf("%s is that of %q and of %q", got, other, who)
				}
				if again := w.chosen(name); again != got {
					t.Errorf("%s: %s, then %s", who, got, again)
				}
				seen[got] = who
			}
		}
	}
	if len(seen) != 8 {
		t.Errorf("%d addresses, want 8: 2 names on 2 machines, and on 2 that only their hardware tells apart; %v", len(seen), seen)
	}
}
