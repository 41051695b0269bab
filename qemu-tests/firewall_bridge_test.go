package qemu_tests

import (
	"bytes"
	"net"
	"net/netip"
	"regexp"
	"strings"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"github.com/imgbuild/imgbuild/qemu-tests/lan"
)

// The wire: both sides see each other by the rules' leave, and nobody sees the box. Its cards are down before the power is off.
func TestFirewallBridge(t *testing.T) {
	t.Parallel()
	box := built(t, written(t, "extends = \"firewall-bridge\"\n"+small+"[image]\noverlays = [\"firewall-bridge\", \"site\"]\n",
		map[string]string{"site/etc/nftables.d/10-site.nft": "add element bridge filter inside4 { 192.0.2.2 }\n"}))
	left, right := newWire(t), newWire(t)
	a, b := addr("192.0.2.1"), addr("192.0.2.2")
	outer, inner := left.Host(1, a, addr("2001:db8::1")), right.Host(2, b, addr("2001:db8::2"))
	between := func(from, to *lan.Host, source, target netip.Addr, sport, dport uint16) packet {
		return packet{from: from.MAC, to: to.MAC, source: source, target: target, sport: sport, dport: dport, syn: true}
	}
	inward := between(outer, inner, a, b, 7, 7)
	outward := between(inner, outer, b, a, 9, 9) // this one the rules allow, once they are there
	stop := pelt(left, inward.frame())
	g := box.on(t, left, right)
	hasFact(t, g, "firewall.state", "loaded") // the kernel has to come up first
	becomes(t, g, "a booted box", isBooted)
	prints(t, g, listening, strings.Join(documented(t, "firewall-bridge"), "\n"))

	left.sees(t, "allowed", right, outward.frame(), transport(b, a, 9, 9))
	answer := between(outer, inner, a, b, 9, 9)
	answer.ack = true
	right.sees(t, "the answer", left, answer.frame(), transport(a, b, 9, 9))
	talk := packet{from: inner.MAC, to: outer.MAC, source: b, target: a, sport: 9100, dport: 9200, udp: true}
	reply := packet{from: outer.MAC, to: inner.MAC, source: a, target: b, sport: 9200, dport: 9100, udp: true}
	left.sees(t, "a question", right, talk.frame(), transport(b, a, 9100, 9200))
	right.sees(t, "its answer", left, reply.frame(), transport(a, b, 9200, 9100))
	stop()
	for _, to := range []netip.Addr{b, addr("2001:db8::2")} {
		ping := outer.Ping(to)
		if err := ping.Answers(1, soon); err != nil {
			t.Errorf("ARP, neighbour discovery and echo: %v: %v", to, err)
		}
		ping.Stop()
	}

	unwanted := []struct {
		what     string
		at, away *wire
		packet
	}{
		{"a connection from outside", left, right, between(outer, inner, a, b, 50001, 22)},
		{"a packet of no connection", left, right, packet{from: outer.MAC, to: inner.MAC, source: a, target: b, sport: 50002, dport: 80, ack: true}},
		{"an inner address from outside", left, right, between(outer, inner, b, b, 50003, 80)},
		{"IPv6 from outside", left, right, between(outer, inner, addr("2001:db8::1"), addr("2001:db8::2"), 50004, 80)},
		{"a tagged frame", right, left, packet{from: inner.MAC, to: outer.MAC, vlan: 20, source: b, target: a, sport: 50005, dport: 80, syn: true}},
	}
	for _, u := range unwanted {
		u.at.Inject(u.frame())
	}
	// What belongs to a connection that was allowed, but for a tag (802.1Q, 802.1ad) or where it comes from.
	forgeries := map[string]*wire{}
	forge := func(what string, at, away *wire, p packet, ether ...byte) {
		p.payload = what
		frame := p.frame()
		copy(frame[12:], ether)
		at.Inject(frame)
		forgeries[what] = away
	}
	tagged, answered := talk, reply
	tagged.vlan, answered.vlan = 20, 20
	forge("a tagged question", right, left, tagged)
	forge("a tagged answer", left, right, answered)
	forge("a question with a provider's tag", right, left, tagged, 0x88, 0xa8)
	forge("an answer with a provider's tag", left, right, answered, 0x88, 0xa8)
	forge("a question of those inside, from outside", left, right, packet{from: outer.MAC, to: inner.MAC, source: b, target: a, sport: 9100, dport: 9200, udp: true})
	// A scan of the box from either side: by ARP, by echo to everybody, by frames to its ports.
	for i, w := range []*wire{left, right} {
		from := []*lan.Host{outer, inner}[i]
		for _, ip := range []string{"192.0.2.3", "10.0.0.1", "169.254.1.1"} {
			w.Inject(who(from.MAC, []string{"192.0.2.1", "192.0.2.2"}[i], ip))
		}
		for port := range uint16(64) {
			w.Inject(packet{from: from.MAC, to: mac(i), source: []netip.Addr{a, b}[i], target: addr("192.0.2.3"), sport: 60000, dport: port, syn: true}.frame())
		}
		w.Inject(packet{from: from.MAC, to: net.HardwareAddr{0x33, 0x33, 0, 0, 0, 1}, source: from.LinkLocal, target: addr("ff02::1"), sport: 1, dport: 1, udp: true}.frame())
	}
	// One who says on the left that he is the one on the right.
	forged := who(outer.MAC, "192.0.2.2", "192.0.2.77")
	left.Inject(forged)

	echo := outward
	echo.sport = 51000
	left.sees(t, "what comes after, from inside", right, echo.frame(), transport(b, a, 51000, 9))
	answer.dport, answer.source = 51000, a
	right.sees(t, "what comes after, from outside", left, answer.frame(), transport(a, b, 9, 51000))
	for _, u := range unwanted {
		if u.away.has(func(p gopacket.Packet) bool {
			l := p.TransportLayer()
			return l != nil && p.LinkLayer().LinkFlow().Src().String() == u.from.String() && [2]byte(l.TransportFlow().Src().Raw()) == [2]byte{byte(u.sport >> 8), byte(u.sport)}
		}) {
			t.Errorf("%s passed", u.what)
		}
	}
	for what, away := range forgeries {
		if away.has(func(p gopacket.Packet) bool { return bytes.Contains(p.Data(), []byte(what)) }) {
			t.Errorf("%s passed", what)
		}
	}
	if right.has(func(p gopacket.Packet) bool {
		q, ok := p.Layer(layers.LayerTypeARP).(*layers.ARP)
		return ok && net.IP(q.DstProtAddress).String() == "192.0.2.77"
	}) {
		t.Error("a forged ARP passed")
	}
	if right.has(transport(a, b, 7, 7)) {
		t.Error("a packet passed before the rules were in force")
	}
	// Since its power was switched on the box has not sent one frame of its own.
	for i, w := range []*wire{left, right} {
		w.has(func(p gopacket.Packet) bool {
			if src := p.LinkLayer().LinkFlow().Src().String(); src != outer.MAC.String() && src != inner.MAC.String() {
				t.Errorf("the box was heard on side %d: %v", i, p)
			}
			return false
		})
	}
	saysOfPackets(t, g, func() {
		for _, u := range unwanted {
			u.at.Inject(u.frame())
		}
		left.Inject(forged)
	}, "wire: ", "physin=outside physout=inside", "macsrc="+outer.MAC.String(), "spoofed: ", "dpt=22 flags=SYN", "proto=ARP", "vlan=20")
	s := off(t, g)
	// A virtio card that is up while the kernel shuts devices down may hang the machine for good (uinit/power): the bridge that they
	// are ports of tells that they went down before. Between a prompt and the way down the console has no words of the kernel's.
	said := g.Consoles()[0].Text()
	for _, port := range []string{"inside", "outside"} {
		if !regexp.MustCompile(`login: [\s\S]*wire: port \d\(` + port + `\) entered disabled state[\s\S]*reboot: Power down`).MatchString(said) {
			t.Errorf("no word of card %s between the shutdown and its end; the console shows\n%s", port, said)
		}
	}
	t.Logf("rules in force at %.2f s, boot %.2f s; memory %v", unitAt(t, s, "filter", "ok").Uptime, s.Boot.Seconds, s.Facts["memory.used_bytes"].Value)
}
