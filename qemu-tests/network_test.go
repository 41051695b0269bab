package qemu_tests

import (
	"net/netip"
	"regexp"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/internal/qemu"
	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/qemu-tests/lan"
)

// Two cables in one bond, under traffic: either may be pulled. Beside it a network whose DHCP server lends
// addresses for some seconds, goes away, comes back and changes its mind.
func TestCablesAndLeases(t *testing.T) {
	t.Parallel()
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
	g := box.plugged(t, 0, "", office, pair, pair)

	has := func(last byte) {
		t.Helper()
		holds(t, g, "lan", netip.PrefixFrom(netip.AddrFrom4([4]byte{198, 51, 100, last}), 32), server)
	}
	hasFact(t, g, "link.bond0.active", "a")
	has(20)
	ping, beside := peer.Ping(netip.MustParseAddr("192.0.2.20")), server.Ping(netip.MustParseAddr("198.51.100.20"))
	defer ping.Stop()
	defer beside.Stop()
	flows(t, ping)
	flows(t, beside)
	for _, step := range []struct {
		in     bool
		active string
	}{{false, "b"}, {true, "a"}} {
		cable(t, g, 1, step.in)
		fact(t, g, "link.bond0.active", step.active)
		fact(t, g, "link.a.carrier", step.in)
		// Carrier is looked at every 100 ms. How busy the host is tells the cable that nobody touched.
		if gap, usual := flows(t, ping), flows(t, beside); gap > 2*time.Second+3*usual {
			t.Errorf("nothing came through for %v while the bond changed over to %s, and for %v beside it", gap, step.active, usual)
		} else {
			t.Logf("changed over to %s, nothing came through for %v", step.active, gap.Round(time.Millisecond))
		}
	}
	besiege(t, g, pair, ping)
	beside.Stop()
	sent, answered := ping.Stop()
	t.Logf("%d of %d echo requests were lost", sent-answered, sent)

	has(20)
	hears(t, server, "DHCPv4 REQUEST") // a renewal
	has(20)
	leases.Away()
	becomes(t, g, "no address on lan", func(s *report.State) bool { return len(addresses(s, "lan")) == 0 })
	state(t, g, "online:lan", "failed: no answer to DHCPDISCOVER on lan")
	lend(30)
	has(30)
	lend(40) // a renewal is refused
	has(40)
	cable(t, g, 0, false)
	fact(t, g, "link.lan.carrier", false)
	state(t, g, "online:lan", "failed: no carrier on lan")
	lend(50) // another network, as far as the guest can tell
	cable(t, g, 0, true)
	has(50)
	state(t, g, "online:lan", "ok")
	s := off(t, g)
	if s.Boot.State != "ok" {
		t.Errorf("the boot was %s", s.Boot.State)
	}
}

// besiege has a neighbour of bond0, whose address is the profile's, lie and flood: packets go on, and nothing that was forged is believed.
func besiege(t *testing.T, g *qemu.Guest, wire *lan.Segment, ping *lan.Ping) {
	t.Helper()
	b := siege{link: "bond0", victim: lan.Victim{MAC: mac(1), Four: addr("192.0.2.20"), Router: addr("192.0.2.1"), Port: 22}}
	before, memory := inside(t, g, b.believed()), available(t, g)
	mallory := wire.Mallory(b.victim)
	for _, a := range lan.Attacks {
		mallory.Send(a, 200)
	}
	flows(t, ping)
	prints(t, g, b.believed(), before)
	if left := available(t, g); left < memory-16<<10 {
		t.Errorf("%d kB of memory are left, and %d kB were there before", left, memory)
	}
}

// A network without IPv4, whose router says so only when the boot has ceased to wait for it, and beside it one where another machine
// has our address. Neither keeps the boot waiting; both are explained.
func TestSlowRouterAndDuplicate(t *testing.T) {
	t.Parallel()
	long(t) // uinit/link has late routers and taken addresses, and TestNoNetwork a prompt that waits for nobody
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
	box.options.Cmdline += " loglevel=7" // the kernel's own words are asked for below, beside a prompt
	six, busy := segment(t), segment(t)
	router := six.Host(1)
	busy.Host(2, netip.MustParseAddr("2001:db8:d::66"))
	old, renumbered := netip.MustParsePrefix("2001:db8:a::/64"), netip.MustParsePrefix("2001:db8:b::/64")
	says := func(p netip.Prefix) lan.Advertisement {
		// No longer than that is an old prefix good for: a router cannot take back more (RFC 4862, section 5.5.3).
		return lan.Advertisement{Router: time.Minute, Prefixes: []netip.Prefix{p}, Valid: 5 * time.Second}
	}
	g := box.plugged(t, 0, "", six, busy)

	hears(t, router, "router solicitation")
	// On a busy host the interface itself may be late first.
	s := until(t, g, "the end of the boot, a late router and a duplicate", func(s *report.State) bool {
		return isBooted(s) && s.Units["online:taken"].State == "failed" && s.Units["online:lan"].Message == "waiting: no router advertisement on lan"
	})
	stop := router.Advertise(says(old), 0, time.Second)
	defer func() { stop() }()
	if s.Boot.State != "degraded" || s.Units["online:lan"].State != "late" {
		t.Errorf("the boot is %s, and online:lan %+v", s.Boot.State, s.Units["online:lan"])
	}
	const loud = "address 2001:db8:d::66 of taken belongs to another machine, which answered duplicate address detection"
	if e := unitAt(t, s, "online:taken", "failed"); e.Message != loud {
		t.Errorf("the duplicate: %q", e.Message)
	}
	fact(t, g, "link.taken.duplicates", "[2001:db8:d::66/64]")
	if got := inside(t, g, "uinitctl status; true"); !regexp.MustCompile(`(?m)^online:taken +failed`).MatchString(got) {
		t.Errorf("uinitctl shows nothing of the duplicate:\n%s", got)
	}
	console, _ := g.Console("ttyS0")
	for _, want := range []string{"uinit: online:taken failed", "\n! online:taken failed: address 2001:db8:d::66 of taken belongs to another machine"} {
		if _, _, err := console.ExpectAfter(t.Context(), 0, regexp.MustCompile(regexp.QuoteMeta(want))); err != nil {
			t.Error(err)
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
	cable(t, g, 0, false)
	stop()
	state(t, g, "online:lan", "failed: no carrier on lan")
	if _, err := console.Expect(t.Context(), regexp.MustCompile("\n! online:lan failed: no carrier on lan\n")); err != nil {
		t.Error(err)
	}
	cable(t, g, 0, true)
	hears(t, router, "router solicitation") // the box asks anew
	stop = router.Advertise(says(old), 0, time.Second)
	has(old)
	stop()
	// In the next network another machine has the address that the box makes for itself.
	six.Host(3, netip.MustParseAddr("2001:db8:c::5054:ff:fe12:3456"))
	stop = router.Advertise(says(netip.MustParsePrefix("2001:db8:c::/64")), 0, time.Second)
	becomes(t, g, "online:lan failed", func(s *report.State) bool { return s.Units["online:lan"].State == "failed" })
	if _, err := console.Expect(t.Context(), regexp.MustCompile("lan: IPv6 duplicate address 2001:db8:c:0:5054:ff:fe12:3456 used by 02:00:00:00:00:03 detected!")); err != nil {
		t.Error(err)
	}
	stop()
	stop = router.Advertise(says(renumbered), 0, time.Second)
	has(renumbered)
	state(t, g, "online:lan", "ok")
	off(t, g)
}
