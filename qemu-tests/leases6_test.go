package qemu_tests

import (
	"net/netip"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/qemu-tests/lan"
)

// A network whose addresses come by DHCPv6 and whose router comes by advertisement: the lease is renewed, its server goes
// away and comes back, lends another address, and lends one that another machine has.
func TestLeasesOfIPv6(t *testing.T) {
	t.Parallel()
	long(t) // uinit/link has the same life of a lease, in a namespace
	box := extended(t, cloud+`
[ethernet.lan]
dhcp4    = false
dhcp6    = true
ra       = true
optional = false
`, map[string]string{})
	office := segment(t)
	router := office.Host(1)
	stop := router.Advertise(lan.Advertisement{Flags: lan.Managed, Router: time.Minute}, 0, time.Second)
	defer stop()
	// In seconds: renewed after 5, rebound after 8, over after 10.
	const lease = 10 * time.Second
	address := func(last byte) netip.Addr {
		return netip.AddrFrom16([16]byte{0x20, 1, 0x0d, 0xb8, 15: last})
	}
	server := office.Host(2, address(2))
	leases := server.DHCP6(netip.MustParseAddr("2001:db8::53"))
	leases.Lend(address(20), lease)
	g := box.plugged(t, 0, "", office)
	has := func(last byte) {
		t.Helper()
		holds(t, g, "lan", netip.PrefixFrom(address(last), 128), server)
	}
	until(t, g, "the end of the boot", isBooted)
	has(20)
	state(t, g, "online:lan", "ok")
	prints(t, g, "grep nameserver /etc/resolv.conf", "nameserver 2001:db8::53")
	hears(t, server, "DHCPv6 RENEW")
	has(20)
	leases.Away()
	hears(t, server, "DHCPv6 REBIND")
	becomes(t, g, "no address on lan", func(s *report.State) bool { return len(addresses(s, "lan")) == 0 })
	state(t, g, "online:lan", "failed: no answer to DHCPv6 SOLICIT on lan")
	leases.Lend(address(30), lease)
	has(30)
	leases.Lend(address(40), lease) // a renewal is refused
	has(40)
	state(t, g, "online:lan", "ok")
	office.Host(3, address(50))
	leases.Lend(address(50), lease)
	hears(t, server, "DHCPv6 DECLINE")
	leases.Lend(address(60), lease)
	has(60)
	cable(t, g, 0, false)
	state(t, g, "online:lan", "failed: no carrier on lan")
	leases.Lend(address(70), lease) // another network, as far as the guest can tell
	cable(t, g, 0, true)
	hears(t, server, "DHCPv6 CONFIRM")
	has(70)
	if s := off(t, g); s.Boot.State != "ok" {
		t.Errorf("the boot was %s", s.Boot.State)
	}
}
