package nic

import (
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/insomniacslk/dhcp/dhcpv4/server4"
	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/nettest"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/container/netns"
)

// lender is a DHCP server at 192.0.2.1 that lends one address at a time, for which it wants to be asked again after a second; none is
// silence, and refused offers nothing and refuses what it is asked for.
type lender struct {
	mu       sync.Mutex
	address  string
	seconds  uint32
	declined []string
	// names are what clients call themselves; renewed counts requests that came from an address.
	names   []string
	renewed int
}

const refused = "0.0.0.0"

func lend(t *testing.T, ns *netns.Namespace, address string, seconds uint32) *lender {
	t.Helper()
	l := &lender{address: address, seconds: seconds}
	err := ns.Do(func() error {
		server, err := server4.NewServer("eth0", nil, func(conn net.PacketConn, _ net.Addr, m *dhcpv4.DHCPv4) { l.answer(t, conn, m) })
		if err == nil {
			go server.Serve()
			t.Cleanup(func() { server.Close() })
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func (l *lender) answer(t *testing.T, conn net.PacketConn, m *dhcpv4.DHCPv4) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.names = append(l.names, m.HostName())
	kind := dhcpv4.MessageTypeOffer
	asked := m.RequestedIPAddress()
	to := &net.UDPAddr{IP: net.IPv4bcast, Port: 68}
	switch m.MessageType() {
	case dhcpv4.MessageTypeDecline:
		l.declined = append(l.declined, asked.String())
		l.address = "192.0.2.50"
		return
	case dhcpv4.MessageTypeRequest:
		kind = dhcpv4.MessageTypeAck
		if !m.ClientIPAddr.IsUnspecified() {
			asked, to.IP = m.ClientIPAddr, m.ClientIPAddr
			l.renewed++
		}
		if asked.String() != l.address {
			kind = dhcpv4.MessageTypeNak
		}
	}
	if l.address == "" || l.address == refused && kind == dhcpv4.MessageTypeOffer {
		return
	}
	router := net.IPv4(192, 0, 2, 1)
	r, err := dhcpv4.NewReplyFromRequest(m, dhcpv4.WithMessageType(kind), dhcpv4.WithServerIP(router), dhcpv4.WithOption(dhcpv4.OptServerIdentifier(router)),
		dhcpv4.WithYourIP(net.ParseIP(l.address)), dhcpv4.WithNetmask(net.CIDRMask(24, 32)), dhcpv4.WithRouter(router), dhcpv4.WithLeaseTime(l.seconds),
		dhcpv4.WithGeneric(dhcpv4.OptionRenewTimeValue, []byte{0, 0, 0, 1}))
	if err != nil {
		t.Error(err)
		return
	}
	_, _ = conn.WriteTo(r.ToBytes(), to)
}

func (l *lender) now(address string, seconds uint32) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.address, l.seconds = address, seconds
}

func has(want string) func([]netip.Prefix) bool {
	return func(all []netip.Prefix) bool { return slices.Contains(all, netip.MustParsePrefix(want)) }
}

// The whole life of a lease: it is there when Attach returns, is renewed from the container's network, and its address goes with it.
func TestLease(t *testing.T) {
	if !inNetwork(t) {
		return
	}
	guest := neighbour(t, "br0", "guest", "52:54:00:00:00:09", "192.0.2.1/24", "203.0.113.1/32")
	server := lend(t, guest, "192.0.2.100", 4)
	file := nettest.Space(t)
	h, stop, err := start(t, file, "web", map[string]spec.ContainerNIC{"eth0": {Bridge: "br0", DHCP4: true}})
	if err != nil {
		t.Fatal(err)
	}
	ns := inside(t, file)
	nettest.Serve(t, guest.Do, "tcp", "203.0.113.1:80", "hello")
	if word, err := nettest.Ask(ns.Do, "tcp", "203.0.113.1:80", 5*time.Second); !strings.HasPrefix(word, "hello to ") || err != nil {
		t.Errorf("beyond the router somebody answers %q, %v", word, err)
	}
	h.until(t, "eth0", has("192.0.2.100/24"))
	nettest.Eventually(t, "nothing is renewed", func() bool {
		server.mu.Lock()
		defer server.mu.Unlock()
		return server.renewed > 0
	})
	server.now("", 0)
	h.until(t, "eth0", func(all []netip.Prefix) bool { return !has("192.0.2.100/24")(all) })
	server.now("192.0.2.101", 3600)
	h.until(t, "eth0", has("192.0.2.101/24"))
	// What is refused goes at once.
	server.now(refused, 0)
	h.until(t, "eth0", func(all []netip.Prefix) bool { return !has("192.0.2.101/24")(all) })
	server.now("192.0.2.102", 3600)
	h.until(t, "eth0", has("192.0.2.102/24"))
	nettest.Eventually(t, "nobody is reached beyond the router with another lease", func() bool {
		word, _ := nettest.Ask(ns.Do, "tcp", "203.0.113.1:80", 5*time.Second)
		return word == "hello to 192.0.2.102"
	})
	server.mu.Lock()
	if i := slices.IndexFunc(server.names, func(name string) bool { return name != "web" }); i >= 0 {
		t.Errorf("it calls itself %q", server.names)
	}
	server.mu.Unlock()
	if has := v4(t, ns); !slices.Equal(has, prefixes("192.0.2.102/24")) {
		t.Errorf("it has %v", has)
	}
	stop()
	ns.Close()
	file.Close()
	nettest.Eventually(t, "its network is kept", func() bool { return !slices.Contains(here(t), "web--eth0") })
}

func v4(t *testing.T, ns *netns.Namespace) (all []netip.Prefix) {
	t.Helper()
	eth0, err := ns.LinkByName("eth0")
	if err != nil {
		t.Fatal(err)
	}
	list, err := ns.AddrList(eth0, unix.AF_INET)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range list {
		all = append(all, prefix(a))
	}
	return all
}

// An address that is lent although somebody has it is given back, and another one asked for.
func TestDeclined(t *testing.T) {
	if !inNetwork(t) {
		return
	}
	guest := neighbour(t, "br0", "guest", "52:54:00:00:00:09", "192.0.2.1/24", "192.0.2.9/24")
	server := lend(t, guest, "192.0.2.9", 3600)
	file := nettest.Space(t)
	h, _, err := start(t, file, "web", map[string]spec.ContainerNIC{"eth0": {Bridge: "br0", DHCP4: true}})
	if err != nil {
		t.Fatal(err)
	}
	server.mu.Lock()
	defer server.mu.Unlock()
	if !slices.Equal(server.declined, []string{"192.0.2.9"}) || !strings.Contains(h.text(), "belongs to another machine, 52:54:00:00:00:09: declined") {
		t.Errorf("declined %v; said %q", server.declined, h.text())
	}
	if here := v4(t, inside(t, file)); !slices.Equal(here, prefixes("192.0.2.50/24")) {
		t.Errorf("it has %v", here)
	}
}

// Where nobody answers the container starts all the same, and it is said what is missing.
func TestPatience(t *testing.T) {
	if !inNetwork(t) {
		return
	}
	file := nettest.Space(t)
	h, _, err := startWithin(t, 5*time.Second, file, "web", map[string]spec.ContainerNIC{"eth0": {Bridge: "br0", DHCP4: true, RA: true, Addresses: prefixes("192.0.2.5/24")}})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"eth0 has no address by DHCP: no answer to DHCPDISCOVER on eth0 (", "no router gives eth0 an IPv6 address"} {
		if !strings.Contains(h.text(), want) {
			t.Errorf("it was said %q, not %q", h.text(), want)
		}
	}
	guest := neighbour(t, "br0", "guest", "52:54:00:00:00:09", "192.0.2.1/24")
	_ = lend(t, guest, "192.0.2.100", 3600)
	h.until(t, "eth0", has("192.0.2.100/24"))
}
