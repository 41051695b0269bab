package qemu_tests

import (
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"github.com/imgbuild/imgbuild/internal/report"
)

// The router between three networks, each verdict by packets: what is allowed, dropped, rejected, translated,
// redirected, forged, tagged; and nothing before its rules are in force.
func TestFirewallRouted(t *testing.T) {
	t.Parallel()
	logs := newLogServer(t, nil)
	box := built(t, written(t, "extends = \"firewall\"\n"+small+`
[image]
overlays = ["firewall", "site"]
[ethernet.mgmt]
match = { index = 3 }
dhcp4 = true
[log]
remote = "tcp://`+logs.guestAddress()+`"
`, map[string]string{"site/etc/nftables.d/10-site.nft": `
add element inet nat services { 443 : 192.168.78.10 . 8443 }
add rule inet filter input iifname "mgmt" accept
`}))
	wan, inner, dmz := newWire(t), newWire(t), newWire(t)
	provider := wan.Host(1, addr("203.0.113.1"))
	client := inner.Host(2, addr("192.168.77.10"), addr("fd1b:0e5d:2a77:1::10"))
	server := dmz.Host(3, addr("192.168.78.10"), addr("fd1b:0e5d:2a77:2::10"))
	_ = server
	provider.DHCP4().Lend(netip.MustParsePrefix("203.0.113.20/24"), time.Hour)

	us, outer := addr("203.0.113.20"), addr("203.0.113.1")
	inward := packet{from: provider.MAC, to: mac(0), source: outer, target: addr("192.168.77.10"), sport: 7, dport: 7, udp: true}
	stop := pelt(wan, inward.frame())
	g := box.on(t, wan, inner, dmz)
	hasFact(t, g, "firewall.state", "loaded") // the kernel has to come up first
	becomes(t, g, "an address from the provider", func(s *report.State) bool { return len(addresses(s, "wan")) > 0 })
	becomes(t, g, "a booted box", isBooted)
	prints(t, g, listening, strings.Join(documented(t, "firewall"), "\n"))

	// Allowed and translated; the answer finds its way back.
	out := packet{from: client.MAC, to: mac(1), source: addr("192.168.77.10"), target: outer, sport: 40000, dport: 80, syn: true}
	wan.sees(t, "allowed, translated", inner, out.frame(), transport(us, outer, 0, 80))
	answer := packet{from: provider.MAC, to: mac(0), source: outer, target: us, sport: 80, dport: 40000, syn: true, ack: true}
	inner.sees(t, "the answer, translated back", wan, answer.frame(), transport(outer, addr("192.168.77.10"), 80, 40000))

	// Redirected to the server behind.
	ask := packet{from: provider.MAC, to: mac(0), source: outer, target: us, sport: 50000, dport: 443, syn: true}
	dmz.sees(t, "redirected", wan, ask.frame(), transport(outer, addr("192.168.78.10"), 50000, 8443))

	// Rejected, and told so.
	sideways := packet{from: server.MAC, to: mac(2), source: addr("192.168.78.10"), target: addr("192.168.77.10"), sport: 1, dport: 22, syn: true}
	dmz.sees(t, "rejected", dmz, sideways.frame(), prohibited(addr("192.168.78.10")))

	// Dropped in silence, forged, tagged: what comes after them on the same wire gets through, they don't.
	drops := []struct {
		what string
		at   *wire
		packet
	}{
		{"a connection from outside", wan, packet{from: provider.MAC, to: mac(0), source: outer, target: us, sport: 50001, dport: 22, syn: true}},
		{"a packet of no connection", wan, packet{from: provider.MAC, to: mac(0), source: outer, target: addr("192.168.78.10"), sport: 50002, dport: 8443, ack: true}},
		{"an inner address from outside", wan, packet{from: provider.MAC, to: mac(0), source: addr("192.168.77.11"), target: addr("192.168.78.10"), sport: 50003, dport: 8443, syn: true}},
		{"an outer address from inside", inner, packet{from: client.MAC, to: mac(1), source: addr("198.51.100.9"), target: outer, sport: 50004, dport: 80, syn: true}},
		{"a forged IPv6 address", inner, packet{from: client.MAC, to: mac(1), source: addr("2001:db8:bad::1"), target: addr("fd1b:0e5d:2a77:2::10"), sport: 50005, dport: 80, syn: true}},
		{"a tagged frame", inner, packet{from: client.MAC, to: mac(1), vlan: 20, source: addr("192.168.77.10"), target: outer, sport: 50006, dport: 80, syn: true}},
	}
	for _, d := range drops {
		d.at.Inject(d.frame())
	}
	for i, w := range []*wire{wan, inner} {
		after := out
		after.sport = 41000 + uint16(i)
		if w == wan {
			after = ask
			after.sport = 51000
			dmz.sees(t, "what comes after the dropped ones, from outside", wan, after.frame(), transport(outer, addr("192.168.78.10"), 51000, 8443))
			continue
		}
		wan.sees(t, "what comes after the dropped ones, from inside", inner, after.frame(), transport(us, outer, after.sport, 80))
	}
	for _, d := range drops {
		for name, w := range map[string]*wire{"wan": wan, "lan": inner, "dmz": dmz} {
			if w.has(func(p gopacket.Packet) bool {
				l := p.TransportLayer()
				if l == nil || p.LinkLayer().LinkFlow().Src().String() == d.from.String() {
					return false
				}
				src, dst := l.TransportFlow().Src().Raw(), l.TransportFlow().Dst().Raw()
				number := func(b []byte) uint16 { return uint16(b[0])<<8 | uint16(b[1]) }
				return number(src) == d.sport || number(dst) == d.sport
			}) {
				t.Errorf("%s, or an answer to it, was seen on %s", d.what, name)
			}
		}
	}

	// IPv6 finds its neighbours; an address of another interface is nobody's business here.
	ping := client.Ping(addr("fd1b:0e5d:2a77:1::1"))
	if err := ping.Answers(1, soon); err != nil {
		t.Errorf("neighbour discovery: %v", err)
	}
	ping.Stop()
	owner := func(a string) func(gopacket.Packet) bool {
		return func(p gopacket.Packet) bool {
			q, ok := p.Layer(layers.LayerTypeARP).(*layers.ARP)
			return ok && q.Operation == layers.ARPReply && net.IP(q.SourceProtAddress).String() == a
		}
	}
	inner.Inject(who(client.MAC, "192.168.77.10", "192.168.78.1"))
	inner.sees(t, "the box's address on lan", inner, who(client.MAC, "192.168.77.10", "192.168.77.1"), owner("192.168.77.1"))
	if inner.has(owner("192.168.78.1")) {
		t.Error("the box answers on lan for its address on dmz")
	}

	// What the rules logged is there for people and for the server.
	saysOfPackets(t, g, func() {
		dmz.Inject(sideways.frame())
		for _, d := range drops {
			d.at.Inject(d.frame())
		}
	}, "spoofed: in=lan", "src=2001:db8:bad::1", "dpt=22 flags=SYN", "forward: in=dmz out=lan", "macsrc="+server.MAC.String())
	logs.hears(t, g, `[packet@32473 rule="spoofed" in="lan" `)

	// What was too much is counted.
	becomes(t, g, "a count of lost records", func(s *report.State) bool { n, _ := s.Facts["nflog.lost"].Value.(float64); return n > 0 })

	// Not one of those that knocked all the time got in; without rules they do, so it was the rules.
	if inner.has(transport(outer, addr("192.168.77.10"), 7, 7)) {
		t.Error("a packet from outside passed before the rules were in force")
	}
	inside(t, g, "nft flush ruleset")
	inner.sees(t, "without rules it passes", wan, inward.frame(), transport(outer, addr("192.168.77.10"), 7, 7))
	stop()
	s := off(t, g)
	t.Logf("rules in force at %.2f s, first interface at %.2f s, boot %.2f s; memory %v", unitAt(t, s, "filter", "ok").Uptime,
		unitAt(t, s, "link:wan", "ok").Uptime, s.Boot.Seconds, s.Facts["memory.used_bytes"].Value)
	if unitAt(t, s, "filter", "ok").Uptime > unitAt(t, s, "link:wan", "ok").Uptime {
		t.Error("an interface came up before the rules were in force")
	}
}
