package link

import (
	"context"
	"fmt"
	"maps"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// soft is a kernel that also makes interfaces, under the rules that matter to their order.
type soft struct {
	fake
	did []string
	// live: ports take another address while they are up, which not every driver does.
	live bool
}

func (s *soft) Observe() (State, error) {
	return State{NICs: slices.Clone(s.NICs), Addresses: slices.Clone(s.Addresses), Routes: slices.Clone(s.Routes), Rules: slices.Clone(s.Rules)}, nil
}

func (s *soft) at(index int) *NIC {
	return &s.NICs[slices.IndexFunc(s.NICs, func(n NIC) bool { return n.Index == index })]
}

func (s *soft) Do(o Op) error {
	s.did = append(s.did, o.String())
	switch o := o.(type) {
	case AddDevice:
		if _, exists := s.named(o.Name); exists {
			return fmt.Errorf("%v: file exists", o)
		}
		n := NIC{Index: 100 + len(s.did), Name: o.Name, Address: o.MAC, Kind: o.Device.Kind, Virtual: true, Carrier: true, MTU: 1500, Parent: o.Device.Parent, ID: o.Device.ID, Mode: string(o.Device.Bond.Mode)}
		if n.Kind == "vlan" && n.Parent == 0 {
			return fmt.Errorf("%v: no such device", o)
		}
		s.NICs = append(s.NICs, n)
	case RemoveDevice:
		s.NICs = slices.DeleteFunc(s.NICs, func(n NIC) bool { return n.Index == o.NIC })
	case SetMaster:
		n := s.at(o.NIC)
		if s.at(o.Master).Kind == "bond" {
			if n.Up {
				return fmt.Errorf("%v: operation not permitted: it is up", o)
			}
			n.Up = true
			if bond := s.at(o.Master); bond.Address == "" {
				bond.Address = n.MAC
			}
			n.Address = s.at(o.Master).Address
		}
		n.Master = o.Master
	case SetPrimary:
		if s.at(o.Primary).Master != o.NIC {
			return fmt.Errorf("%v: not a port", o)
		}
		s.at(o.NIC).Primary, s.at(o.NIC).Active = o.Primary, o.Primary
	case SetMAC:
		for _, n := range s.NICs {
			if n.Master == o.NIC && s.at(o.NIC).Kind == "bond" {
				if !s.live {
					return fmt.Errorf("%v: device or resource busy: %s is up", o, n.Name)
				}
				s.at(n.Index).Address = o.MAC
			}
		}
		s.at(o.NIC).Tuning = map[string]string{addressIs: addressSet}
		return s.fake.Do(o)
	case Tune:
		all := maps.Clone(s.at(o.NIC).Tuning)
		all[o.Key] = o.Value
		s.at(o.NIC).Tuning = all
	case SetARP:
		s.at(o.NIC).NoARP = !o.On
	case Set:
		n := s.at(o.NIC)
		all := map[string]string{o.Key: o.Value}
		for k, v := range n.Settings {
			if k != o.Key {
				all[k] = v
			}
		}
		n.Settings = all
	case SetUp:
		if n := s.at(o.NIC); o.Up && n.Kind == "vlan" && !s.at(n.Parent).Up {
			return fmt.Errorf("%v: network is down", o)
		}
		for _, n := range s.NICs {
			if n.Kind == "vlan" && n.Parent == o.NIC && !o.Up { // it goes down and up with its parent
				s.Addresses = slices.DeleteFunc(s.Addresses, func(a Address) bool { return a.NIC == n.Index && a.Prefix.Addr().Is6() })
			}
		}
		return s.fake.Do(o)
	default:
		return s.fake.Do(o)
	}
	return nil
}

func drawnOnPaper() *spec.Machine {
	no := false
	hw := func(i int) spec.Ethernet { return spec.Ethernet{Match: spec.Match{Index: index(i)}} }
	return &spec.Machine{
		Ethernet: map[string]spec.Ethernet{"a": hw(0), "b": hw(1)},
		Bond:     map[string]spec.Bond{"bond0": {Ports: []string{"a", "b"}, Mode: "active-backup", Primary: "b", MIIMon: spec.Duration(100 * time.Millisecond)}},
		VLAN:     map[string]spec.VLAN{"bond0.20": {Parent: "bond0", ID: 20}},
		Bridge: map[string]spec.Bridge{"br20": {Ports: []string{"bond0.20"}, Addressing: spec.Addressing{
			Addresses: []netip.Prefix{netip.MustParsePrefix("192.0.2.20/24")}, ARP: &no, Sysctl: map[string]string{"ipv6.accept_dad": "0"},
		}}},
		Dummy: map[string]spec.Dummy{"lo1": {Addressing: spec.Addressing{Addresses: []netip.Prefix{netip.MustParsePrefix("198.51.100.1/32")}}}},
	}
}

// Two NICs, a bond, a VLAN, a bridge: whatever the order in which they are asked for, the same comes out, and
// asking again changes nothing.
func TestStack(t *testing.T) {
	machine := drawnOnPaper()
	var names []string
	for name := range machine.Links() {
		names = append(names, name)
	}
	slices.Sort(names)
	for turn := range 2 {
		if turn == 1 {
			slices.Reverse(names)
		}
		// Something of another kind has a name already, and one port is up.
		k := &soft{fake: fake{State: State{NICs: []NIC{
			{Index: 2, Name: "eth0", MTU: 1500, Bus: "0", Carrier: true, Up: true}, {Index: 3, Name: "br20", MTU: 1500, Bus: "1", Carrier: true},
			{Index: 4, Name: "bond0", Kind: "bond", Mode: "balance-rr", Virtual: true, MTU: 1500},
		}}}}
		m, _, _ := over(t, k, machine)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		done := make(chan error)
		for _, name := range names {
			go func() { done <- m.Configure(ctx, name) }()
		}
		for range names {
			if err := <-done; err != nil {
				t.Fatalf("turn %d: %v; done:\n%s", turn, err, strings.Join(k.did, "\n"))
			}
		}
		for _, name := range names {
			if err := m.Online(t.Context(), name); err != nil {
				t.Error(err)
			}
		}
		state, _ := k.Observe()
		got := map[string]string{}
		for _, n := range state.NICs {
			master, _ := state.nic(n.Master)
			parent, _ := state.nic(n.Parent)
			got[n.Name] = strings.TrimSpace(fmt.Sprint(n.Kind, " ", n.Mode, master.Name, parent.Name, " up=", n.Up, " ", n.Settings))
		}
		want := map[string]string{
			"a": "bond0 up=true map[ipv6/disable_ipv6:1]", "b": "bond0 up=true map[ipv6/disable_ipv6:1]",
			"bond0": "bond active-backup up=true map[ipv4/accept_redirects:0 ipv6/accept_ra:0 ipv6/accept_redirects:0]", "bond0.20": "vlan br20bond0 up=true map[ipv6/disable_ipv6:1]",
			"br20": "bridge  up=true map[ipv4/accept_redirects:0 ipv6/accept_dad:0 ipv6/accept_ra:0 ipv6/accept_redirects:0]", "lo1": "dummy  up=true map[]",
		}
		for name := range want {
			if got[name] != want[name] {
				t.Errorf("turn %d: %s is %q, want %q; done:\n%s", turn, name, got[name], want[name], strings.Join(k.did, "\n"))
			}
		}
		bond, _ := state.named("bond0")
		if port, _ := state.nic(bond.Active); port.Name != "b" {
			t.Errorf("turn %d: active port %q; done:\n%s", turn, port.Name, strings.Join(k.did, "\n"))
		}
		w := &work{Manager: m, active: map[string]*active{}}
		w.state = state
		w.assign()
		var wants []Wanted
		for _, name := range names {
			wants = append(wants, w.want(name, &active{nic: w.assigned[name]}))
		}
		if again := Plan(wants, state, time.Now()); len(again) > 0 {
			t.Errorf("turn %d: a second plan wants %v", turn, again)
		}
	}
}

// A VLAN that is asked for before its parent is up comes up after it, and nothing is refused.
func TestVLANAwaitsParent(t *testing.T) {
	machine := &spec.Machine{Ethernet: map[string]spec.Ethernet{"lan": {}}, VLAN: map[string]spec.VLAN{"guests": {Parent: "lan", ID: 30}}}
	k := &soft{fake: fake{State: State{NICs: []NIC{{Index: 2, Name: "eth0", MTU: 1500, Carrier: true}}}}}
	m, _, _ := over(t, k, machine)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	early := make(chan error, 1)
	go func() { early <- m.Configure(ctx, "guests") }()
	for m.Waiting("guests") == "" { // until the manager has heard of it
		runtime.Gosched()
	}
	if got, want := m.Waiting("guests"), "guests is not made yet, it lies on lan"; got != want {
		t.Errorf("waiting for %q, want %q", got, want)
	}
	if err := m.Configure(ctx, "lan"); err != nil {
		t.Error(err)
	}
	if err := <-early; err != nil {
		t.Error(err)
	}
	if err := m.Online(ctx, "guests"); err != nil {
		t.Error(err)
	}
}

func TestAddDeviceText(t *testing.T) {
	for _, tt := range []struct {
		mac    spec.MAC
		device Device
		want   string
	}{
		{"", Device{Kind: "dummy"}, "ip link add x type dummy"},
		{"", Device{Kind: "vlan", ParentName: "bond0", ID: 20}, "ip link add link bond0 name x type vlan id 20"},
		{"", Device{Kind: "bridge"}, "ip link add x type bridge stp_state 0 forward_delay 0"},
		{"", Device{Kind: "bridge", Bridge: spec.Bridge{STP: true, VLANFiltering: true}}, "ip link add x type bridge stp_state 1 forward_delay 1500 vlan_filtering 1"},
		{"", Device{Kind: "bond", Bond: spec.Bond{Mode: "802.3ad", MIIMon: spec.Duration(50 * time.Millisecond), LACPRate: "fast", HashPolicy: "layer3+4", MinLinks: 1}},
			"ip link add x type bond mode 802.3ad miimon 50 lacp_rate fast min_links 1 xmit_hash_policy layer3+4"},
		{"02:00:00:00:00:01", Device{Kind: "dummy"}, "ip link add x address 02:00:00:00:00:01 type dummy"},
	} {
		if got := (AddDevice{"x", tt.mac, tt.device}).String(); got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
}

func TestWaitingForRouter(t *testing.T) {
	yes := true
	v := view{name: "lan", row: row{Link: spec.Link{Addressing: spec.Addressing{RA: &yes}}}, nic: &NIC{Index: 2, Up: true, Carrier: true}}
	for _, step := range []struct {
		next func()
		want string
	}{
		{func() {}, "no router advertisement on lan"},
		{func() {
			v.routes = []Route{{NIC: 2, Dst: netip.MustParsePrefix("::/0"), Via: netip.MustParseAddr("fe80::1")}}
		}, "no IPv6 address on lan"},
		{func() {
			v.addresses = []Address{{Prefix: netip.MustParsePrefix("fe80::2/64")}, {Prefix: netip.MustParsePrefix("2001:db8::2/64"), Tentative: true}}
		}, "address 2001:db8::2 is tentative on lan"},
		{func() { v.addresses[1].Tentative = false }, ""},
	} {
		step.next()
		if got := v.waiting(); got != step.want {
			t.Errorf("waiting for %q, want %q", got, step.want)
		}
	}
}
