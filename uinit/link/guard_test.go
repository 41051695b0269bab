package link

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/vishvananda/netlink"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/arp"
	"github.com/imgbuild/imgbuild/uinit/dhcp"
)

// takes gives the peer an address, as a machine has it that somebody configured by hand.
func (p *peer) takes(address string) {
	p.t.Helper()
	p.there(func() error {
		return p.handle.AddrAdd(p.link, &netlink.Addr{IPNet: ipNet(netip.MustParsePrefix(address + "/32"))})
	})
}

func (p *peer) mac() net.HardwareAddr { return p.link.Attrs().HardwareAddr }

// lendsUntilDeclined has the server lend one address until it is given back, and then another one.
func (p *peer) lendsUntilDeclined(first, second string) {
	p.serve(first, 3600)
	lend := p.reply
	p.be(func(m *dhcpv4.DHCPv4) *dhcpv4.DHCPv4 {
		if m.MessageType() == dhcpv4.MessageTypeDecline && m.RequestedIPAddress().String() == first && strings.HasPrefix(m.Message(), p.mac().String()) {
			p.serve(second, 3600)
			return nil
		}
		return lend(m)
	})
}

// knows waits until the peer has heard by ARP whose an address is, without asking.
func (p *peer) knows(address string, mac net.HardwareAddr) {
	p.t.Helper()
	for limit := time.Now().Add(30 * time.Second); ; {
		all, err := p.handle.NeighList(p.link.Attrs().Index, netlink.FAMILY_V4)
		if err != nil {
			p.t.Fatal(err)
		}
		if slices.ContainsFunc(all, func(n netlink.Neigh) bool { return n.IP.String() == address && n.HardwareAddr.String() == mac.String() }) {
			return
		}
		if time.Now().After(limit) {
			p.t.Fatalf("nobody announced %s at %v; known: %v", address, mac, all)
		}
	}
}

// Another machine has the address that the server lends: it is not used, the server hears of it, and of the machine that has it.
func TestLentAddressIsTaken(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	p := plug(t, "eth0")
	p.there(func() error { return os.WriteFile("/proc/sys/net/ipv4/conf/far/arp_accept", []byte("1"), 0) })
	p.takes("192.0.2.100")
	p.lendsUntilDeclined("192.0.2.100", "192.0.2.101")
	m, f, ctx := manage(t, map[string]spec.Ethernet{"lan": {Match: veth, Addressing: spec.Addressing{DHCP4: true}}})
	go func() { _ = m.Configure(ctx, "lan") }()
	f.until("link.lan.conflicts", fmt.Sprintf("[192.0.2.100 %v]", p.mac()))
	text := fmt.Sprintf("192.0.2.100, which DHCP server 192.0.2.1 lent to lan, belongs to another machine, %v: declined", p.mac())
	waits(ctx, t, m, text)
	if got := v4(t); got != "" {
		t.Errorf("the interface has %s", got)
	}
	f.until("link.lan.addresses", lanWith(t, "192.0.2.101/24"))
	if err := m.Online(ctx, "lan"); err != nil {
		t.Fatal(err)
	}
	f.until("link.lan.conflicts", "[]")
	if !f.heard(fmt.Sprintf("warned %q", text)) {
		t.Errorf("besides facts it was told %q", f.said)
	}
	lan, err := netlink.LinkByName("lan")
	if err != nil {
		t.Fatal(err)
	}
	p.knows("192.0.2.101", lan.Attrs().HardwareAddr)

	// Somebody takes it later: it is announced again, and given up when that does not help.
	p.lendsUntilDeclined("192.0.2.101", "192.0.2.102")
	var other *arp.Socket
	p.there(func() (err error) {
		other, err = arp.Open(p.link.Attrs().Index, "far", p.mac(), netip.MustParseAddr("192.0.2.101"))
		return err
	})
	defer other.Close()
	if err := other.Announce(); err != nil {
		t.Fatal(err)
	}
	disputed := fmt.Sprintf("warned %q", fmt.Sprintf("lan: another machine, %v, used 192.0.2.101, which was announced again", p.mac()))
	f.when(disputed, func(map[string]any) bool { return f.heard(disputed) })
	if got, want := v4(t), "192.0.2.101/24 lan"; got != want {
		t.Errorf("addresses %q, want %q", got, want)
	}
	if err := other.Announce(); err != nil {
		t.Fatal(err)
	}
	f.until("link.lan.addresses", lanWith(t, "192.0.2.102/24"))
}

// A server lends what the profile gives already: the kernel has it for ever, and nothing is done over and over.
func TestServerLendsStaticAddress(t *testing.T) {
	now := time.Now()
	for _, stated := range []string{"192.0.2.100/24", "192.0.2.100/16"} {
		k := &fake{State: State{NICs: []NIC{{Index: 2, Name: "lan", MTU: 1500}}}, now: now}
		a := &active{nic: 2, lease: &dhcp.Lease{Address: netip.MustParsePrefix("192.0.2.100/24"), Start: now, Duration: time.Hour}}
		w := &work{Manager: &Manager{rows: rowsOf(&spec.Machine{Ethernet: map[string]spec.Ethernet{"lan": {Addressing: spec.Addressing{
			DHCP4: true, Addresses: []netip.Prefix{netip.MustParsePrefix(stated)},
		}}}})}, active: map[string]*active{"lan": a}, assigned: map[string]int{"lan": 2}}
		for round := range 2 {
			ops := Plan([]Wanted{w.want("lan", a)}, k.State, now)
			for _, op := range ops {
				if err := k.Do(op); err != nil {
					t.Error(err)
				}
			}
			if round > 0 && len(ops) > 0 {
				t.Errorf("with %s the plan goes on: %v", stated, ops)
			}
		}
		if len(k.Addresses) != 1 || !k.Addresses[0].Until.IsZero() || k.Addresses[0].Prefix.String() != stated {
			t.Errorf("with %s it has %+v", stated, k.Addresses)
		}
	}
}

// A neighbour has whatever is lent: of that no more is kept than a person reads.
func TestNeighbourTakesAll(t *testing.T) {
	var who net.HardwareAddr = []byte{2, 0, 0, 0, 0, 7}
	w := &work{Manager: &Manager{rows: map[string]row{}}}
	a := &active{guarded: map[netip.Addr]*guarded{}, taken: map[netip.Addr]string{}}
	last := netip.MustParseAddr("192.0.2.1")
	for range 1000 {
		last = last.Next()
		a.fresh = &dhcp.Lease{Address: netip.PrefixFrom(last, 24)}
		w.judge("lan", a, last, arp.Taken, who)
		if a.fresh != nil || a.taken[last] != who.String() || len(a.taken) > mostTaken {
			t.Fatalf("%v: fresh %v, taken %v", last, a.fresh, a.taken)
		}
	}
}

// Another machine has an address of the profile: it is used all the same, and told for as long as that is so.
func TestStaticAddressIsTaken(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	p := plug(t, "eth0")
	p.takes("192.0.2.20")
	m, f, ctx := manage(t, map[string]spec.Ethernet{"lan": {Match: veth, Addressing: spec.Addressing{
		Addresses: []netip.Prefix{netip.MustParsePrefix("192.0.2.20/24"), netip.MustParsePrefix("192.0.2.21/24")},
	}}})
	if err := m.Configure(ctx, "lan"); err != nil {
		t.Fatal(err)
	}
	if err := m.Online(ctx, "lan"); err != nil {
		t.Fatal(err)
	}
	f.until("link.lan.conflicts", fmt.Sprintf("[192.0.2.20 %v]", p.mac()))
	if got, want := v4(t), "192.0.2.20/24 lan, 192.0.2.21/24 lan"; got != want {
		t.Errorf("addresses %q, want %q", got, want)
	}
	if want := fmt.Sprintf("lan contested %q", fmt.Sprintf("192.0.2.20 of lan belongs to another machine as well, %v", p.mac())); !f.heard(want) {
		t.Errorf("besides facts it was told %q", f.said)
	}
	// The other machine gets another address, and somebody plugs the cable in again.
	p.there(func() error {
		return p.handle.AddrDel(p.link, &netlink.Addr{IPNet: ipNet(netip.MustParsePrefix("192.0.2.20/32"))})
	})
	p.cable(false)
	f.until("link.lan.carrier", "false")
	p.cable(true)
	f.until("link.lan.conflicts", "[]")
	if !f.heard(`lan contested ""`) {
		t.Errorf("besides facts it was told %q", f.said)
	}
}

// A server that refuses is named, with its words, in what the link waits for.
func TestServerRefuses(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	p := plug(t, "eth0")
	p.serve("192.0.2.100", 3600, dhcpv4.WithOption(dhcpv4.OptMessage("not here")))
	offer := p.reply
	p.be(func(m *dhcpv4.DHCPv4) *dhcpv4.DHCPv4 {
		r := offer(m)
		if m.MessageType() == dhcpv4.MessageTypeRequest {
			r.UpdateOption(dhcpv4.OptMessageType(dhcpv4.MessageTypeNak))
		}
		return r
	})
	m, f, ctx := manage(t, map[string]spec.Ethernet{"lan": {Match: veth, Addressing: spec.Addressing{DHCP4: true}}})
	go func() { _ = m.Configure(ctx, "lan") }()
	text := `DHCP server 192.0.2.1 refused 192.0.2.100 on lan: "not here"`
	f.when("the refusal in what is missing", func(facts map[string]any) bool {
		what, _ := facts["link.lan.missing"].(string)
		return strings.HasPrefix(what, text)
	})
	if !f.heard(fmt.Sprintf("warned %q", text)) {
		t.Errorf("besides facts it was told %q", f.said)
	}
}
