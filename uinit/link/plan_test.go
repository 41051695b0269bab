package link

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"
)

// fake is a kernel that prints its state as the ip(8) commands that would make it.
type fake struct {
	State
	now time.Time
}

func (f *fake) String() string {
	var b strings.Builder
	for _, n := range f.NICs {
		fmt.Fprintf(&b, "link %d %s mtu %d", n.Index, n.Name, n.MTU)
		if n.Address != "" {
			fmt.Fprintf(&b, " address %s", n.Address)
		}
		if n.Up {
			b.WriteString(" up")
		}
		b.WriteString("\n")
		for _, a := range f.Addresses {
			if a.NIC == n.Index {
				fmt.Fprintf(&b, "  addr %v", a.Prefix)
				if !a.Until.IsZero() {
					fmt.Fprintf(&b, " for %v", a.Until.Sub(f.now))
				}
				b.WriteString("\n")
			}
		}
		for _, r := range f.Routes {
			if r.NIC == n.Index {
				fmt.Fprintf(&b, "  route %s\n", r.words(n.Name))
			}
		}
	}
	return b.String()
}

func (f *fake) Do(o Op) error {
	n := slices.IndexFunc(f.NICs, func(n NIC) bool { return n.Index == o.nic() })
	if n < 0 {
		return errors.New("no such device")
	}
	nic := &f.NICs[n]
	name := ""
	switch o := o.(type) {
	case Rename:
		name = o.From
		if _, exists := f.named(o.To); exists || nic.Up {
			return fmt.Errorf("%v: file exists or device busy", o)
		}
		defer func() { nic.Name = o.To }()
	case SetUp:
		name, nic.Up = o.Name, o.Up
		if !o.Up {
			f.Routes = slices.DeleteFunc(f.Routes, func(r Route) bool { return r.NIC == nic.Index })
			f.Addresses = slices.DeleteFunc(f.Addresses, func(a Address) bool { return a.NIC == nic.Index && a.Prefix.Addr().Is6() })
		}
	case SetMAC:
		if nic.Up {
			return fmt.Errorf("%v: device busy", o)
		}
		name, nic.Address = o.Name, o.MAC
	case SetMTU:
		name, nic.MTU = o.Name, o.MTU
	case Set:
		if name = o.Name; nic.Settings == nil {
			nic.Settings = map[string]string{}
		}
		nic.Settings[o.Key] = o.Value
	case AddAddress:
		name = o.Name
		f.Addresses = slices.DeleteFunc(f.Addresses, func(a Address) bool { return a.NIC == o.NIC && a.Prefix == o.Prefix })
		a := Address{NIC: o.NIC, Prefix: o.Prefix}
		if o.Left > 0 {
			a.Until = f.now.Add(o.Left)
		}
		f.Addresses = append(f.Addresses, a)
	case RemoveAddress:
		name = o.Name
		f.Addresses = slices.DeleteFunc(f.Addresses, func(a Address) bool { return a.NIC == o.NIC && a.Prefix == o.Prefix })
	case AddRoute:
		name = o.Name
		if !nic.Up {
			return fmt.Errorf("%v: network is down", o)
		}
		inside := o.Route.Via.IsLinkLocalUnicast() || slices.ContainsFunc(f.Addresses, func(a Address) bool { return a.NIC == nic.Index && a.Prefix.Contains(o.Route.Via) })
		if o.Route.Via.IsValid() && !inside && !o.OnLink {
			return fmt.Errorf("%v: network unreachable", o)
		}
		f.Routes = append(f.Routes, o.Route)
	case RemoveRoute:
		name = o.Name
		f.Routes = slices.DeleteFunc(f.Routes, func(r Route) bool { return r == o.Route })
	}
	if name != nic.Name {
		return fmt.Errorf("%v: no such device, it is %s", o, nic.Name)
	}
	return nil
}

func TestPlan(t *testing.T) {
	pfx, ip := netip.MustParsePrefix, netip.MustParseAddr
	now := time.Unix(1e9, 0)
	lease := func(p string, left time.Duration) Address { return Address{Prefix: pfx(p), Until: now.Add(left)} }
	fixed := func(p string) Address { return Address{Prefix: pfx(p)} }
	v4 := func(via string, metric int) Route { return Route{Dst: pfx("0.0.0.0/0"), Via: ip(via), Metric: metric} }
	v6 := func(via string, metric int) Route { return Route{Dst: pfx("::/0"), Via: ip(via), Metric: metric} }

	k := &fake{now: now, State: State{NICs: []NIC{
		{Index: 2, Name: "eth0", MTU: 1500}, {Index: 3, Name: "lan", MTU: 1500, Up: true}, {Index: 4, Name: "eth2", MTU: 1500},
	}}}
	// The kernel and a person have been here before.
	k.Addresses = []Address{{NIC: 2, Prefix: pfx("198.51.100.7/24")}, {NIC: 2, Prefix: pfx("10.9.9.9/8"), Until: now.Add(time.Hour)}}
	k.Routes = []Route{{NIC: 2, Dst: pfx("203.0.113.0/24"), Via: ip("198.51.100.1")}}

	steps := []struct {
		what string
		want []Wanted
		is   string
	}{
		{"a name that is taken, a stale lease, a static address", []Wanted{
			{NIC: 2, Name: "lan", MTU: 9000, Addresses: []Address{fixed("192.0.2.20/24")}, Routes: []Route{v4("192.0.2.1", 100)}},
		}, `
link 2 lan mtu 9000 up
  addr 198.51.100.7/24
  addr 192.0.2.20/24
  route 203.0.113.0/24 via 198.51.100.1 dev lan metric 0
  route default via 192.0.2.1 dev lan metric 100
link 3 nic3 mtu 1500 up
link 4 eth2 mtu 1500
`},
		{"two links that want each other's names", []Wanted{
			{NIC: 2, Name: "nic3", Addresses: []Address{fixed("2001:db8::2/64")}, Routes: []Route{v6("2001:db8::1", 200), v6("fe80::1", 201)}},
			{NIC: 3, Name: "lan"},
		}, `
link 2 nic3 mtu 9000 up
  addr 198.51.100.7/24
  addr 192.0.2.20/24
  addr 2001:db8::2/64
  route default via 2001:db8::1 dev nic3 metric 200
  route default via fe80::1 dev nic3 metric 201
link 3 lan mtu 1500 up
link 4 eth2 mtu 1500
`},
		{"a lease with a router outside of it", []Wanted{
			{NIC: 4, Name: "wan", Addresses: []Address{lease("192.0.2.5/32", time.Hour)}, Routes: []Route{v4("192.0.2.1", 300)}},
		}, `
link 2 nic3 mtu 9000 up
  addr 198.51.100.7/24
  addr 192.0.2.20/24
  addr 2001:db8::2/64
  route default via 2001:db8::1 dev nic3 metric 200
  route default via fe80::1 dev nic3 metric 201
link 3 lan mtu 1500 up
link 4 wan mtu 1500 up
  addr 192.0.2.5/32 for 1h0m0s
  route default via 192.0.2.1 dev wan metric 300
`},
		{"renewed", []Wanted{
			{NIC: 4, Name: "wan", Addresses: []Address{lease("192.0.2.5/32", 2*time.Hour)}, Routes: []Route{v4("192.0.2.1", 300)}},
		}, `
link 2 nic3 mtu 9000 up
  addr 198.51.100.7/24
  addr 192.0.2.20/24
  addr 2001:db8::2/64
  route default via 2001:db8::1 dev nic3 metric 200
  route default via fe80::1 dev nic3 metric 201
link 3 lan mtu 1500 up
link 4 wan mtu 1500 up
  addr 192.0.2.5/32 for 2h0m0s
  route default via 192.0.2.1 dev wan metric 300
`},
		{"another address and router, and then none", []Wanted{
			{NIC: 4, Name: "wan", Addresses: []Address{lease("198.51.100.5/24", time.Hour)}, Routes: []Route{v4("198.51.100.1", 300)}},
		}, `
link 2 nic3 mtu 9000 up
  addr 198.51.100.7/24
  addr 192.0.2.20/24
  addr 2001:db8::2/64
  route default via 2001:db8::1 dev nic3 metric 200
  route default via fe80::1 dev nic3 metric 201
link 3 lan mtu 1500 up
link 4 wan mtu 1500 up
  addr 198.51.100.5/24 for 1h0m0s
  route default via 198.51.100.1 dev wan metric 300
`},
		{"lease over", []Wanted{{NIC: 4, Name: "wan"}}, `
link 2 nic3 mtu 9000 up
  addr 198.51.100.7/24
  addr 192.0.2.20/24
  addr 2001:db8::2/64
  route default via 2001:db8::1 dev nic3 metric 200
  route default via fe80::1 dev nic3 metric 201
link 3 lan mtu 1500 up
link 4 wan mtu 1500 up
`},
		{"another hardware address, which takes the link down", []Wanted{
			{NIC: 2, Name: "nic3", MAC: "02:00:00:00:00:02", Addresses: []Address{fixed("2001:db8::2/64")}, Routes: []Route{v6("2001:db8::1", 200)}},
		}, `
link 2 nic3 mtu 9000 address 02:00:00:00:00:02 up
  addr 198.51.100.7/24
  addr 192.0.2.20/24
  addr 2001:db8::2/64
  route default via 2001:db8::1 dev nic3 metric 200
link 3 lan mtu 1500 up
link 4 wan mtu 1500 up
`},
	}
	for _, s := range steps {
		for _, op := range Plan(s.want, k.State, now) {
			if err := k.Do(op); err != nil {
				t.Fatalf("%s: %v", s.what, err)
			}
		}
		if got := "\n" + k.String(); got != s.is {
			t.Errorf("%s:%s\nwant:%s", s.what, got, s.is)
		}
		if again := Plan(s.want, k.State, now.Add(time.Second)); len(again) > 0 {
			t.Errorf("%s: a second plan wants %v", s.what, again)
		}
	}
}
