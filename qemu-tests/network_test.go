package qemu_tests

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/internal/boot"
	"github.com/imgbuild/imgbuild/internal/qemu"
	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/qemu-tests/lan"
)

// cloud is the kernel that boots fastest; it has what a virtual network needs.
const cloud = "[kernel]\npackage = \"linux-image-cloud-amd64\"\n"

// segment makes an Ethernet that is gone when the test ends.
func segment(t *testing.T) *lan.Segment {
	t.Helper()
	s := lan.NewSegment()
	t.Cleanup(s.Close)
	return s
}

// plugged starts the appliance with an interface on each segment: eth0, eth1 …, to QEMU net0, net1 …
func (a appliance) plugged(t *testing.T, model string, segments ...*lan.Segment) *qemu.Guest {
	t.Helper()
	vm, err := boot.Prepare(t.Context(), a.options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(vm.Close)
	vm.Config.NICs = nil
	for _, s := range segments {
		cable, err := s.Cable()
		if err != nil {
			t.Fatal(err)
		}
		vm.Config.NICs = append(vm.Config.NICs, qemu.NIC{Model: model, Backend: cable})
	}
	return start(t, vm.Config)
}

// cable plugs in or pulls the guest's i-th one.
func cable(t *testing.T, g *qemu.Guest, i int, in bool) {
	t.Helper()
	if _, err := g.QMP(t.Context(), "set_link", map[string]any{"name": fmt.Sprintf("net%d", i), "up": in}); err != nil {
		t.Fatal(err)
	}
}

// soon bounds what follows a change of the network: a lease of eight seconds to its end, on a busy host.
const soon = 30 * time.Second

// fact waits until a fact has a value.
func fact(t *testing.T, g *qemu.Guest, name string, want any) {
	t.Helper()
	becomes(t, g, fmt.Sprintf("%s = %v", name, want), func(s *report.State) bool { return fmt.Sprint(s.Facts[name].Value) == fmt.Sprint(want) })
}

func becomes(t *testing.T, g *qemu.Guest, what string, yes func(*report.State) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	if err := g.Report().Until(ctx, yes); err != nil {
		t.Fatalf("waiting for %s: %v; the facts are %v", what, err, facts(g))
	}
}

// holds waits until all addresses of a link that are good beyond it lie in one network, and proves that the first of
// them is reached.
func holds(t *testing.T, g *qemu.Guest, link string, network netip.Prefix, from *lan.Host) {
	t.Helper()
	var first netip.Addr
	becomes(t, g, fmt.Sprint(link, " in ", network), func(s *report.State) bool {
		all := addresses(s, link)
		if len(all) > 0 {
			first = all[0]
		}
		return len(all) > 0 && !slices.ContainsFunc(all, func(a netip.Addr) bool { return !network.Contains(a) })
	})
	ping := from.Ping(first)
	defer ping.Stop()
	flows(t, ping)
}

// flows fails unless there is traffic, and returns its longest gap up to now.
func flows(t *testing.T, p *lan.Ping) time.Duration {
	t.Helper()
	if err := p.Answers(25, 10*time.Second); err != nil {
		t.Error(err)
	}
	return p.Lap()
}

// Two cables in one bond, under traffic: either may be pulled. Beside it a network whose DHCP server lends
// addresses for some seconds, goes away, comes back and changes its mind.
func TestCablesAndLeases(t *testing.T) {
	t.Parallel() // most of it is waiting
	box := extended(t, cloud+`
[ethernet.a]
match = { index = 1 }
[ethernet.b]
match = { index = 2 }
[bond.bond0]
ports     = ["a", "b"]
primary   = "a"
addresses = ["192.0.2.20/24"]
`, map[string]string{})
	office, pair := segment(t), segment(t)
	server := office.Host(1, netip.MustParseAddr("198.51.100.1"))
	leases := server.DHCP4()
	lend := func(last byte) {
		leases.Lend(netip.PrefixFrom(netip.AddrFrom4([4]byte{198, 51, 100, last}), 24), 8*time.Second)
	}
	lend(20)
	peer := pair.Host(1, netip.MustParseAddr("192.0.2.1"))
	g := box.plugged(t, "", office, pair, pair)

	fact(t, g, "link.bond0.active", "a")
	ping := peer.Ping(netip.MustParseAddr("192.0.2.20"))
	defer ping.Stop()
	flows(t, ping)
	for _, step := range []struct {
		in     bool
		active string
	}{{false, "b"}, {true, "a"}} {
		cable(t, g, 1, step.in)
		fact(t, g, "link.bond0.active", step.active)
		fact(t, g, "link.a.carrier", step.in)
		// Carrier is looked at every 100 ms; a busy host is given more.
		if gap := flows(t, ping); gap > 2*time.Second {
			t.Errorf("nothing came through for %v while the bond changed over to %s", gap, step.active)
		} else {
			t.Logf("changed over to %s, nothing came through for %v", step.active, gap.Round(time.Millisecond))
		}
	}
	sent, answered := ping.Stop()
	t.Logf("%d of %d echo requests were lost", sent-answered, sent)

	has := func(last byte) {
		t.Helper()
		holds(t, g, "lan", netip.PrefixFrom(netip.AddrFrom4([4]byte{198, 51, 100, last}), 32), server)
	}
	has(20)
	hears(t, server, "DHCPv4 REQUEST") // a renewal
	has(20)
	leases.Away()
	becomes(t, g, "no address on lan", func(s *report.State) bool { return len(addresses(s, "lan")) == 0 })
	lend(30)
	has(30)
	lend(40) // a renewal is refused
	has(40)
	cable(t, g, 0, false)
	fact(t, g, "link.lan.carrier", false)
	lend(50) // another network, as far as the guest can tell
	cable(t, g, 0, true)
	has(50)
	s := off(t, g)
	if s.Boot.State != "ok" {
		t.Errorf("the boot was %s", s.Boot.State)
	}
}

// A network without IPv4, whose router takes five seconds to say so, and beside it one where another machine has our
// address. Neither keeps the boot waiting; both are explained.
func TestSlowRouterAndDuplicate(t *testing.T) {
	t.Parallel()
	box := extended(t, cloud+`
[ethernet.lan]
dhcp4    = false
ra       = true
optional = false
[ethernet.taken]
match     = { index = 1 }
addresses = ["2001:db8:d::66/64"]
[boot]
unit_timeout = "3s"
`, map[string]string{})
	six, busy := segment(t), segment(t)
	router := six.Host(1)
	busy.Host(2, netip.MustParseAddr("2001:db8:d::66"))
	old, renumbered := netip.MustParsePrefix("2001:db8:a::/64"), netip.MustParsePrefix("2001:db8:b::/64")
	says := func(p netip.Prefix) lan.Advertisement {
		// No longer than that is an old prefix good for: a router cannot take back more (RFC 4862, section 5.5.3).
		return lan.Advertisement{Router: time.Minute, Prefixes: []netip.Prefix{p}, Valid: 8 * time.Second}
	}
	g := box.plugged(t, "", six, busy)

	hears(t, router, "router solicitation")
	stop := router.Advertise(says(old), 5*time.Second, time.Second)
	defer func() { stop() }()
	s := until(t, g, "the end of the boot", isBooted)
	if s.Boot.State != "degraded" || s.Units["online:lan"].State != "late" {
		t.Errorf("the boot is %s, and online:lan %+v", s.Boot.State, s.Units["online:lan"])
	}
	if e := unitAt(t, s, "online:lan", "late"); e.Message != "waiting: no router advertisement on lan" {
		t.Errorf("while the router is silent: %q", e.Message)
	}
	const loud = "address 2001:db8:d::66 of taken belongs to another machine, which answered duplicate address detection"
	if e := unitAt(t, s, "online:taken", "failed"); e.Message != loud {
		t.Errorf("the duplicate: %q", e.Message)
	}
	fact(t, g, "link.taken.duplicates", "[2001:db8:d::66/64]")
	if got := inside(t, g, "uinitctl status; true"); !strings.Contains(got, "online:taken             failed") {
		t.Errorf("uinitctl shows nothing of the duplicate:\n%s", got)
	}
	console, _ := g.Console("ttyS0")
	for _, want := range []string{"uinit: online:taken failed", "\n! online:taken failed: address 2001:db8:d::66 of taken belongs to another machine"} {
		if !strings.Contains(console.Text(), want) {
			t.Errorf("the console does not show %q", want)
		}
	}
	has := func(p netip.Prefix) {
		t.Helper()
		holds(t, g, "lan", p, router)
	}
	has(old)
	fact(t, g, "link.lan.gateway", router.LinkLocal)
	until(t, g, "online:lan", func(s *report.State) bool { return s.Units["online:lan"].State == "ok" })
	stop()
	stop = router.Advertise(says(renumbered), 0, time.Second)
	has(renumbered)
	stop()
	cable(t, g, 0, false)
	fact(t, g, "link.lan.carrier", false)
	cable(t, g, 0, true)
	hears(t, router, "router solicitation") // the box asks anew
	stop = router.Advertise(says(old), 0, time.Second)
	has(old)
	off(t, g)
}

// hears waits for a question that a host is asked.
func hears(t *testing.T, h *lan.Host, what string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	if err := h.Hears(ctx, what); err != nil {
		t.Fatal(err)
	}
}

// addresses are those of a link that others than its neighbours can use.
func addresses(s *report.State, link string) (all []netip.Addr) {
	list, _ := s.Facts["link."+link+".addresses"].Value.([]any)
	for _, text := range list {
		if p, err := netip.ParsePrefix(fmt.Sprint(text)); err == nil && !p.Addr().IsLinkLocalUnicast() {
			all = append(all, p.Addr())
		}
	}
	return all
}
