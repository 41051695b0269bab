package qemu_tests

import (
	"net"
	"net/netip"
	"regexp"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/qemu-tests/lan"
)

// A router whose provider gives a fixed address and, late, advertisements: nobody waits for it at the prompt, and
// those behind get addresses and names.
func TestFirewallServesLAN(t *testing.T) {
	t.Parallel()
	box := built(t, written(t, "extends = \"firewall\"\n"+small+`
[ethernet.wan]
dhcp4     = false
ra        = true
addresses = ["203.0.113.2/24"]
gateways  = ["203.0.113.1"]
dns       = ["203.0.113.1"]
`, map[string]string{}))
	wan, inner, dmz := newWire(t), newWire(t), newWire(t)
	outer, us, router := addr("203.0.113.1"), addr("203.0.113.2"), addr("192.168.77.1")
	g := box.on(t, wan, inner, dmz)
	console, err := g.Console("ttyS0")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := console.Expect(t.Context(), regexp.MustCompile(`login: $`)); err != nil {
		t.Fatal(err)
	}
	if s := g.Report().State(); s.Units["online:wan"].State == "ok" || s.Boot != nil {
		t.Errorf("at the prompt wan is %+v and the boot %+v: nothing was proved of a dead uplink", s.Units["online:wan"], s.Boot)
	}

	// The provider comes to life.
	provider := wan.Host(1, outer, addr("2001:db8:a::1"))
	network := netip.MustParsePrefix("2001:db8:a::/64")
	defer provider.Advertise(lan.Advertisement{Router: time.Minute, Prefixes: []netip.Prefix{network}, Valid: time.Minute}, 0, time.Second)()
	var own netip.Addr
	becomes(t, g, "an address of the provider's network", func(s *report.State) bool {
		for _, a := range addresses(s, "wan") {
			if network.Contains(a) {
				own = a
			}
		}
		return own.IsValid() && s.Units["online:wan"].State == "ok"
	})
	ping := provider.Ping(own)
	defer ping.Stop()
	if err := ping.Answers(1, soon); err != nil {
		t.Errorf("the box's own IPv6 address: %v", err)
	}

	becomes(t, g, "dnsmasq", func(s *report.State) bool { return s.Units["service:dnsmasq"].State == "ok" })
	client := net.HardwareAddr{2, 0, 0, 0, 0, 9}
	leased, gateway, servers := lease(t, inner, client)
	if !netip.MustParsePrefix("192.168.77.0/24").Contains(leased) || leased.As4()[3] < 100 || leased.As4()[3] > 199 || gateway != router || servers != router {
		t.Errorf("lent is %v with the router %v and the name server %v", leased, gateway, servers)
	}
	inner.sees(t, "a router's advertisement on lan", inner, who(client, leased.String(), router.String()), func(p gopacket.Packet) bool {
		a, ok := p.Layer(layers.LayerTypeICMPv6RouterAdvertisement).(*layers.ICMPv6RouterAdvertisement)
		if !ok {
			return false
		}
		prefix := netip.MustParseAddr("fd1b:e5d:2a77:1::").As16()
		for _, o := range a.Options {
			if o.Type == layers.ICMPv6OptPrefixInfo && len(o.Data) == 30 && [16]byte(o.Data[14:]) == prefix {
				return true
			}
		}
		return false
	})

	// dnsmasq believes nobody who says that a name is at an address of those for documentation (stop-dns-rebind).
	web := net.IPv4(11, 12, 13, 14).To4()
	// A name, asked of the box, by the box of the provider, and answered back.
	question := dns(layers.DNS{ID: 7, RD: true, Questions: []layers.DNSQuestion{{Name: []byte("www.example.net"), Type: layers.DNSTypeA, Class: layers.DNSClassIN}}})
	ask := packet{from: client, to: mac(1), source: leased, target: router, sport: 5353, dport: 53, udp: true, payload: question}
	var passed layers.DNS
	var port uint16
	wan.sees(t, "the question, passed on", inner, ask.frame(), func(p gopacket.Packet) bool {
		d, ok := p.Layer(layers.LayerTypeDNS).(*layers.DNS)
		if !ok || d.QR || !transport(us, outer, 0, 53)(p) || len(d.Questions) != 1 || string(d.Questions[0].Name) != "www.example.net" {
			return false
		}
		passed, port = *d, uint16(p.TransportLayer().(*layers.UDP).SrcPort)
		return true
	})
	if port == 0 {
		t.Fatalf("what the box knows of name servers:\n%s", inside(t, g, "cat /run/resolv.conf; uinitctl log service:dnsmasq; nft list ruleset | grep -c .; uinitctl log packets"))
	}
	passed.QR, passed.RA = true, true
	passed.Answers = []layers.DNSResourceRecord{{Name: passed.Questions[0].Name, Type: layers.DNSTypeA, Class: layers.DNSClassIN, TTL: 60, IP: web}}
	passed.Additionals = nil
	reply := packet{from: provider.MAC, to: mac(0), source: outer, target: us, sport: 53, dport: port, udp: true, payload: dns(passed)}
	inner.sees(t, "the answer", wan, reply.frame(), func(p gopacket.Packet) bool {
		d, ok := p.Layer(layers.LayerTypeDNS).(*layers.DNS)
		return ok && d.QR && d.ID == 7 && transport(router, leased, 53, 5353)(p) && len(d.Answers) == 1 && d.Answers[0].IP.Equal(web)
	})

	// And what was lent is translated to the fixed address.
	out := packet{from: client, to: mac(1), source: leased, target: outer, sport: 40000, dport: 80, syn: true}
	wan.sees(t, "translated", inner, out.frame(), transport(us, outer, 0, 80))
	off(t, g)
}

// lease asks for an address as a client that has none (RFC 2131, section 3.1).
func lease(t *testing.T, w *wire, client net.HardwareAddr) (address, router, server netip.Addr) {
	t.Helper()
	nobody, everybody := netip.IPv4Unspecified(), netip.AddrFrom4([4]byte{255, 255, 255, 255})
	say := func(m *dhcpv4.DHCPv4) []byte {
		return packet{from: client, to: net.HardwareAddr{255, 255, 255, 255, 255, 255}, source: nobody, target: everybody,
			sport: dhcpv4.ClientPort, dport: dhcpv4.ServerPort, udp: true, payload: string(m.ToBytes())}.frame()
	}
	var got *dhcpv4.DHCPv4
	answered := func(kind dhcpv4.MessageType) func(gopacket.Packet) bool {
		return func(p gopacket.Packet) bool {
			udp, ok := p.TransportLayer().(*layers.UDP)
			if !ok || udp.DstPort != dhcpv4.ClientPort {
				return false
			}
			m, err := dhcpv4.FromBytes(udp.Payload)
			if err != nil || m.MessageType() != kind || m.ClientHWAddr.String() != client.String() {
				return false
			}
			got = m
			return true
		}
	}
	discover, err := dhcpv4.NewDiscovery(client)
	if err != nil {
		t.Fatal(err)
	}
	w.sees(t, "an offer", w, say(discover), answered(dhcpv4.MessageTypeOffer))
	if got == nil {
		t.FailNow()
	}
	request, err := dhcpv4.NewRequestFromOffer(got)
	if err != nil {
		t.Fatal(err)
	}
	w.sees(t, "a lease", w, say(request), answered(dhcpv4.MessageTypeAck))
	first := func(ips []net.IP) netip.Addr {
		if len(ips) != 1 {
			return netip.Addr{}
		}
		a, _ := netip.AddrFromSlice(ips[0].To4())
		return a
	}
	return first([]net.IP{got.YourIPAddr}), first(got.Router()), first(got.DNS())
}

// dns is a message of the domain name system as bytes.
func dns(d layers.DNS) string {
	b := gopacket.NewSerializeBuffer()
	if err := d.SerializeTo(b, gopacket.SerializeOptions{FixLengths: true}); err != nil {
		panic("BUG: " + err.Error())
	}
	return string(b.Bytes())
}
