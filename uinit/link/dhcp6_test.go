package link

import (
	"context"
	"encoding/binary"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv6"
	"github.com/insomniacslk/dhcp/dhcpv6/server6"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/dhcp6"
)

// peer6 is a peer that also speaks DHCPv6 and advertises itself as a router.
type peer6 struct {
	*peer
	messages chan string
	lend6    chan func(*dhcpv6.Message) *dhcpv6.Message
	icmp     int
	facts    *told
}

var routerAddress = netip.MustParseAddr("fe80::1")

func plug6(t *testing.T, name string) *peer6 {
	p := &peer6{peer: plug(t, name), messages: make(chan string, 100), lend6: make(chan func(*dhcpv6.Message) *dhcpv6.Message, 1)}
	p.lend6 <- nil
	p.there(func() error {
		local := &netlink.Addr{IPNet: ipNet(netip.PrefixFrom(routerAddress, 64)), Flags: unix.IFA_F_NODAD}
		if err := p.handle.AddrAdd(p.link, local); err != nil {
			return err
		}
		var err error
		if p.icmp, err = unix.Socket(unix.AF_INET6, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.IPPROTO_ICMPV6); err != nil {
			return err
		}
		if err := unix.SetsockoptInt(p.icmp, unix.IPPROTO_IPV6, unix.IPV6_MULTICAST_HOPS, 255); err != nil {
			return err
		}
		routers := &unix.IPv6Mreq{Multiaddr: netip.MustParseAddr("ff02::2").As16(), Interface: uint32(p.link.Attrs().Index)}
		if err := unix.SetsockoptIPv6Mreq(p.icmp, unix.IPPROTO_IPV6, unix.IPV6_JOIN_GROUP, routers); err != nil {
			return err
		}
		server, err := server6.NewServer("far", nil, p.answer6)
		if err == nil {
			go server.Serve()
			t.Cleanup(func() { server.Close() })
		}
		return err
	})
	return p
}

func (p *peer6) answer6(conn net.PacketConn, from net.Addr, d dhcpv6.DHCPv6) {
	m, ok := d.(*dhcpv6.Message)
	if !ok {
		return
	}
	p.messages <- m.MessageType.String()
	lend := <-p.lend6
	p.lend6 <- lend
	if lend == nil {
		return
	}
	if r := lend(m); r != nil {
		_, _ = conn.WriteTo(r.ToBytes(), from)
	}
}

// serve6 lends an address; renewals of another one are refused.
func (p *peer6) serve6(address string, seconds int, more ...dhcpv6.Modifier) {
	duid := &dhcpv6.DUIDLL{HWType: 1, LinkLayerAddr: net.HardwareAddr{2, 0, 0, 0, 0, 1}}
	<-p.lend6
	p.lend6 <- func(m *dhcpv6.Message) *dhcpv6.Message {
		all := append([]dhcpv6.Modifier{dhcpv6.WithServerID(duid), dhcpv6.WithDNS(net.ParseIP("2001:db8::53"))}, more...)
		if ia := m.Options.OneIANA(); ia != nil && m.MessageType != dhcpv6.MessageTypeDecline {
			valid := time.Duration(seconds) * time.Second
			answer := &dhcpv6.OptIANA{IaId: ia.IaId, T1: valid / 4, T2: valid / 2}
			asked := ia.Options.OneAddress()
			if asked != nil && !asked.IPv6Addr.Equal(net.ParseIP(address)) {
				answer.Options.Add(&dhcpv6.OptStatusCode{StatusCode: 3, StatusMessage: "not mine"})
			} else {
				answer.Options.Add(&dhcpv6.OptIAAddress{IPv6Addr: net.ParseIP(address), PreferredLifetime: valid / 2, ValidLifetime: valid})
			}
			all = append(all, dhcpv6.WithOption(answer))
		}
		reply := dhcpv6.NewReplyFromMessage
		if m.MessageType == dhcpv6.MessageTypeDecline {
			m.MessageType = dhcpv6.MessageTypeRequest // which the library knows to answer in the same way
		}
		if m.MessageType == dhcpv6.MessageTypeSolicit {
			reply = dhcpv6.NewAdvertiseFromSolicit
		}
		r, err := reply(m, all...)
		if err != nil {
			p.t.Error(err)
		}
		return r
	}
}

// heard waits for a message of the client.
func (p *peer6) heard(what string) {
	p.t.Helper()
	limit := time.After(30 * time.Second)
	for {
		select {
		case m := <-p.messages:
			if m == what {
				return
			}
		case <-limit:
			p.t.Fatalf("no %s was sent; facts: %v", what, p.facts.is)
		}
	}
}

// advertise sends a router advertisement (RFC 4861, section 4.2) with flags, a lifetime in seconds and options.
func (p *peer6) advertise(flags byte, lifetime uint16, options ...[]byte) {
	p.t.Helper()
	b := binary.BigEndian.AppendUint16([]byte{134, 0, 0, 0, 64, flags}, lifetime)
	b = append(b, make([]byte, 8)...)
	for _, o := range options {
		b = append(b, o...)
	}
	all := &unix.SockaddrInet6{ZoneId: uint32(p.link.Attrs().Index), Addr: netip.MustParseAddr("ff02::1").As16()}
	// One router, also when the kernel has given the interface a second address meanwhile.
	from := unix.PktInfo6(&unix.Inet6Pktinfo{Addr: netip.MustParseAddr("fe80::1").As16(), Ifindex: all.ZoneId})
	if err := unix.Sendmsg(p.icmp, b, from, all, 0); err != nil {
		p.t.Fatal(err)
	}
}

func prefixOption(prefix string, seconds uint32) []byte {
	b := []byte{3, 4, 64, 0xc0}
	b = binary.BigEndian.AppendUint32(b, seconds)
	b = binary.BigEndian.AppendUint32(b, seconds)
	return append(append(b, 0, 0, 0, 0), netip.MustParseAddr(prefix).AsSlice()...)
}

func serverOption(address string, seconds uint32) []byte {
	b := binary.BigEndian.AppendUint32([]byte{optionRDNSS, 3, 0, 0}, seconds)
	return append(b, netip.MustParseAddr(address).AsSlice()...)
}

func domainOption(seconds uint32) []byte {
	b := binary.BigEndian.AppendUint32([]byte{optionDNSSL, 3, 0, 0}, seconds)
	return append(b, "\x04home\x07example\x00\x00\x00"...)
}

func manage6(t *testing.T, a spec.Addressing) (*Manager, *told, context.Context) {
	f := newTold(t)
	ctx, cancel := context.WithTimeout(context.Background(), 80*time.Second)
	t.Cleanup(cancel)
	m := New(ctx, &spec.Machine{Ethernet: map[string]spec.Ethernet{"lan": {Match: veth, Addressing: a}}}, f, func(name string, mac net.HardwareAddr, hostname func() string, stateless bool, warn func(string)) Client6 {
		return dhcp6.NewOpening(name, mac, hostname, stateless, warn)
	})
	m.resolvConf = resolvFile(t)
	return m, f, ctx
}

// A lease by DHCPv6: asked for when the link-local address is good, renewed, refused, declined, given up for what a router says.
func TestDHCP6(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	p := plug6(t, "eth0")
	ntp := &dhcpv6.OptNTPServer{}
	server := dhcpv6.NTPSuboptionSrvAddr(net.ParseIP("2001:db8::123"))
	ntp.Suboptions.Add(&server)
	p.serve6("2001:db8::100", 8, dhcpv6.WithOption(ntp), dhcpv6.WithDomainSearchList("example.net"))
	yes := true
	m, f, ctx := manage6(t, spec.Addressing{DHCP6: &yes})
	p.facts = f
	if err := m.Configure(ctx, "lan"); err != nil {
		t.Fatal(err)
	}
	if err := m.Online(ctx, "lan"); err != nil {
		t.Fatal(err)
	}
	p.heard("SOLICIT")
	p.heard("REQUEST")
	f.until("link.lan.dhcp6.address", "2001:db8::100")
	f.until("link.lan.dhcp6.ntp", "[2001:db8::123]")
	if !f.heard("lan.dhcp6: [2001:db8::123]") {
		t.Errorf("besides facts it was told %q", f.said)
	}
	f.until("resolver.servers", "[2001:db8::53]")
	f.until("resolver.search", "[example.net]")
	lan, err := netlink.LinkByName("lan")
	if err != nil {
		t.Fatal(err)
	}
	addresses, err := netlink.AddrList(lan, netlink.FAMILY_V6)
	if err != nil {
		t.Fatal(err)
	}
	var lent *netlink.Addr
	for _, a := range addresses {
		if a.IPNet.String() == "2001:db8::100/128" {
			lent = &a
		}
	}
	if lent == nil || lent.ValidLft < 1 || lent.ValidLft > 8 || lent.PreferedLft >= lent.ValidLft {
		t.Errorf("the kernel has %+v", lent)
	}

	p.heard("RENEW")
	p.serve6("2001:db8::100", 12)
	f.until("link.lan.dhcp6.lease_seconds", "12")

	// Another address, which the peer itself has: duplicate address detection finds that out.
	taken := &netlink.Addr{IPNet: ipNet(netip.MustParsePrefix("2001:db8::101/64")), Flags: unix.IFA_F_NODAD}
	p.there(func() error { return p.handle.AddrAdd(p.link, taken) })
	p.serve6("2001:db8::101", 3600)
	p.heard("DECLINE")
	p.serve6("2001:db8::102", 3600)
	f.until("link.lan.dhcp6.address", "2001:db8::102")
	f.until("link.lan.duplicates", "[]")

	// A router knows better: only name servers are to be had.
	p.serve6("2001:db8::102", 3600, dhcpv6.WithDNS(net.ParseIP("2001:db8::54")))
	p.advertise(0x40, 1800, prefixOption("2001:db8:7::", 3600))
	p.heard("INFORMATION-REQUEST")
	f.until("link.lan.ra.other", "true")
	f.until("resolver.servers", "[2001:db8::54]")
	f.until("link.lan.dhcp6.address", "")
	if err := m.Online(ctx, "lan"); err != nil {
		t.Error(err)
	}
}

// Routers alone: DHCPv6 as they say, name servers for as long as they say, and a network that is renumbered.
func TestRouterAdvertisement(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	p := plug6(t, "eth0")
	p.serve6("2001:db8:7::100", 3600)
	yes := true
	m, f, ctx := manage6(t, spec.Addressing{RA: &yes, Addresses: []netip.Prefix{netip.MustParsePrefix("2001:db8:9::9/64")}})
	go func() { _ = m.Configure(ctx, "lan") }()
	waits(ctx, t, m, "no router advertisement on lan")
	p.advertise(0, 1800, prefixOption("2001:db8:7::", 3600), serverOption("2001:db8::1", 3600), serverOption("fe80::1", 3), domainOption(3600))
	if err := m.Online(ctx, "lan"); err != nil {
		t.Fatal(err)
	}
	f.until("resolver.servers", "[2001:db8::1 fe80::1%lan]")
	f.until("resolver.search", "[home.example]")
	f.until("resolver.servers", "[2001:db8::1]") // three seconds are over
	p.advertise(0, 1800, serverOption("2001:db8::1", 0), domainOption(0))
	f.until("resolver.servers", "[]")
	f.until("resolver.search", "[]")

	f.forget()
	p.advertise(0x80, 1800)
	f.until("link.lan.ra.managed", "true")
	f.until("link.lan.dhcp6.address", "2001:db8:7::100")

	// Renumbered: the new network is there, the old one for as long as the kernel lets it, two hours at least (RFC 4862, section 5.5.3); the static address stays.
	here := func() func(string) string {
		lan, err := netlink.LinkByName("lan")
		if err != nil {
			t.Fatal(err)
		}
		h := lan.Attrs().HardwareAddr
		return func(network string) string {
			a := netip.MustParseAddr(network).As16()
			copy(a[8:], []byte{h[0] ^ 2, h[1], h[2], 0xff, 0xfe, h[3], h[4], h[5]})
			return netip.PrefixFrom(netip.AddrFrom16(a), 64).String()
		}
	}()
	p.advertise(0x80, 1800, prefixOption("2001:db8:8::", 3600), prefixOption("2001:db8:7::", 0))
	all := []string{"2001:db8:7::100/128", here("2001:db8:7::"), here("2001:db8:8::"), "2001:db8:9::9/64", here("fe80::")}
	slices.Sort(all)
	f.until("link.lan.addresses", "["+strings.Join(all, " ")+"]")
	// While the further addresses were being tried it had one.
	if !f.heard("addresses") || f.heardOf("lan misses ") {
		t.Errorf("besides facts it was told %q", f.said)
	}
}

func FuzzParseAdvertised(f *testing.F) {
	header := []byte{unix.AF_INET6, 0, 48, 0, 2, 0, 0, 0, 134, 0, 0, 0, 0, 0, 0, 0}
	f.Add(append(append(header, serverOption("2001:db8::1", 60)...), domainOption(60)...))
	f.Fuzz(func(t *testing.T, b []byte) {
		now := time.Unix(0, 0)
		var all []learnt
		for _, o := range parseAdvertised(b) {
			all = learn(all, o, now)
		}
		if len(all) > mostLearnt {
			t.Errorf("%d entries", len(all))
		}
		for _, l := range all {
			if l.server.IsValid() == (l.domain != "") || !now.Before(l.until) {
				t.Errorf("%+v", l)
			}
		}
	})
}
