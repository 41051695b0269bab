package qemu_tests

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"github.com/imgbuild/imgbuild/build"
	"github.com/imgbuild/imgbuild/build/cpio"
	"github.com/imgbuild/imgbuild/build/tree"
	"github.com/imgbuild/imgbuild/internal/boot"
	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/progress"
	"github.com/imgbuild/imgbuild/internal/qemu"
	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/profiles"
	"github.com/imgbuild/imgbuild/qemu-tests/lan"
)

// written writes a profile and what lies beside it, and returns the profile's path.
func written(t *testing.T, text string, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	files["box.toml"] = text
	for name, body := range files {
		at := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, []byte(body), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "box.toml")
}

// small is what both firewalls need of a virtual machine.
const small = cloud + "drivers = [\"virtio\"]\n"

// on starts the appliance with a cable to each wire, eth0 first, and one that QEMU's user network ends.
func (a appliance) on(t *testing.T, wires ...*wire) *qemu.Guest {
	t.Helper()
	vm, err := boot.Prepare(t.Context(), a.options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(vm.Close)
	vm.Config.NICs = nil
	for _, w := range wires {
		cable, err := w.Cable()
		if err != nil {
			t.Fatal(err)
		}
		vm.Config.NICs = append(vm.Config.NICs, qemu.NIC{Backend: cable})
	}
	vm.Config.NICs = append(vm.Config.NICs, qemu.NIC{})
	return startFor(t, vm.Config, 3*time.Minute)
}

// pelt sends a frame all the time until stop.
func pelt(w *wire, frames ...[]byte) (stop func()) {
	done, over := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(over)
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				for _, f := range frames {
					w.Inject(f)
				}
			case <-done:
				return
			}
		}
	}()
	return func() { close(done); <-over }
}

func addr(s string) netip.Addr { return netip.MustParseAddr(s) }

// The router between three networks, each verdict by packets: what is allowed, dropped, rejected, translated,
// redirected, forged, tagged; and nothing before its rules are in force.
func TestFirewallRouted(t *testing.T) {
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
	fact(t, g, "firewall.state", "loaded")
	becomes(t, g, "an address from the provider", func(s *report.State) bool { return len(addresses(s, "wan")) > 0 })
	becomes(t, g, "a booted box", isBooted)

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
	text := inside(t, g, "uinitctl log packets | grep -v dpt=7")
	for _, want := range []string{"spoofed: in=lan", "src=2001:db8:bad::1", "dpt=22 flags=SYN", "forward: in=dmz out=lan", "macsrc=" + server.MAC.String()} {
		if !strings.Contains(text, want) {
			t.Errorf("the log has no %q", want)
		}
	}
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

// The wire: both sides see each other by the rules' leave, and nobody sees the box.
func TestFirewallBridge(t *testing.T) {
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
	fact(t, g, "firewall.state", "loaded")
	becomes(t, g, "a booted box", isBooted)

	left.sees(t, "allowed", right, outward.frame(), transport(b, a, 9, 9))
	answer := between(outer, inner, a, b, 9, 9)
	answer.ack = true
	right.sees(t, "the answer", left, answer.frame(), transport(a, b, 9, 9))
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
	text := inside(t, g, "uinitctl log packets | grep -v dpt=7")
	for _, want := range []string{"wire: ", "physin=outside physout=inside", "macsrc=" + outer.MAC.String(), "spoofed: ", "dpt=22 flags=SYN", "proto=ARP", "vlan=20"} {
		if !strings.Contains(text, want) {
			t.Errorf("the log has no %q", want)
		}
	}
	if t.Failed() {
		t.Log(text)
	}
	s := off(t, g)
	t.Logf("rules in force at %.2f s, boot %.2f s; memory %v", unitAt(t, s, "filter", "ok").Uptime, s.Boot.Seconds, s.Facts["memory.used_bytes"].Value)
}

// who asks for the owner of an address.
func who(from net.HardwareAddr, source, target string) []byte {
	b := gopacket.NewSerializeBuffer()
	all := net.HardwareAddr{255, 255, 255, 255, 255, 255}
	s, to := addr(source).As4(), addr(target).As4()
	err := gopacket.SerializeLayers(b, gopacket.SerializeOptions{}, &layers.Ethernet{SrcMAC: from, DstMAC: all, EthernetType: layers.EthernetTypeARP},
		&layers.ARP{AddrType: layers.LinkTypeEthernet, Protocol: layers.EthernetTypeIPv4, HwAddressSize: 6, ProtAddressSize: 4, Operation: layers.ARPRequest,
			SourceHwAddress: from, SourceProtAddress: s[:], DstHwAddress: make([]byte, 6), DstProtAddress: to[:]})
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return b.Bytes()
}

// hears waits for a message that contains a text.
func (s *logServer) hears(t *testing.T, g *qemu.Guest, text string) {
	t.Helper()
	for limit := time.After(soon); ; {
		s.mu.Lock()
		for _, m := range s.messages {
			if strings.Contains(m, text) {
				s.mu.Unlock()
				return
			}
		}
		s.mu.Unlock()
		select {
		case <-s.changed:
		case <-g.Exited():
			t.Errorf("the guest ended before the server heard %q", text)
			return
		case <-limit:
			t.Errorf("the server did not hear %q", text)
			return
		}
	}
}

// Rules that are wrong: at the build with the place in the overlay, at the boot with everything dropped but
// the management path.
func TestFirewallWrongRules(t *testing.T) {
	path := written(t, "extends = \"firewall\"\n"+small+"[image]\noverlays = [\"firewall\", \"site\"]\n",
		map[string]string{"site/etc/nftables.d/10-site.nft": "# mine\nadd rule inet filter input tcp dport 22 acept\n"})
	p, _, err := profile.Load(path, profile.Find(profiles.FS))
	if err != nil {
		t.Fatal(err)
	}
	e, err := build.NewEnv("", &progress.Lines{W: logWriter{t}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = e.Build(t.Context(), p, t.TempDir(), build.Options{})
	var problems profile.Problems
	if !errors.As(err, &problems) || problems[0].Pos.File != filepath.Join(filepath.Dir(path), "site/etc/nftables.d/10-site.nft") || problems[0].Pos.Line != 2 {
		t.Fatalf("building with wrong rules: %v", err)
	}
	t.Log(problems)

	box := built(t, written(t, "extends = \"firewall\"\n"+small, map[string]string{}))
	// What the builder can't have seen: the kernel unpacks another file over the one it tried.
	box.options.Initrd = withFile(t, box.options.Initrd, "etc/nftables.nft", "table inet filter {\n\tchain input { type filter hook input priority 0; policy acept; }\n}\n")
	// The uplink is dead besides: nobody answers on wan.
	wan, inner, dmz := newWire(t), newWire(t), newWire(t)
	client := inner.Host(2, addr("192.168.77.10"))
	g := box.on(t, wan, inner, dmz)
	fact(t, g, "firewall.state", "fallback")
	becomes(t, g, "lan and a login prompt", func(s *report.State) bool {
		return s.Units["online:lan"].State == "ok" && s.Units["console:ttyS0"].State == "ok" && s.Units["firewall"].State == "failed"
	})
	s := g.Report().State()
	if u := s.Units["firewall"]; !strings.Contains(u.Message, "/etc/nftables.nft:2:") {
		t.Errorf("the firewall's unit is %+v", u)
	}
	if u := s.Units["online:wan"]; u.State == "ok" || s.Boot != nil {
		t.Errorf("the uplink is %+v, the boot %+v: nothing was proved of a dead one", u, s.Boot)
	}
	console, err := g.Console("ttyS0")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := console.Expect(t.Context(), regexp.MustCompile(`! firewall failed: .*/etc/nftables.nft:2:[\s\S]*login: $`)); err != nil {
		t.Errorf("the prompt says nothing of the rules: %v", err)
	}
	refuses := func(port uint16) func(gopacket.Packet) bool {
		return transport(addr("192.168.77.1"), addr("192.168.77.10"), port, 0)
	}
	syn := packet{from: client.MAC, to: mac(1), source: addr("192.168.77.10"), target: addr("192.168.77.1"), sport: 40000, dport: 80, syn: true}
	inner.Inject(syn.frame())
	outward := syn
	outward.target = addr("203.0.113.1")
	inner.Inject(outward.frame())
	syn.dport = 22
	// Nobody serves there; that the kernel says so proves that the packet got to it.
	inner.sees(t, "the management path answers", inner, syn.frame(), refuses(22))
	if inner.has(refuses(80)) || wan.has(transport(addr("192.168.77.10"), addr("203.0.113.1"), 0, 0)) || wan.has(transport(addr("203.0.113.20"), addr("203.0.113.1"), 0, 80)) {
		t.Error("more is open than the management path")
	}
	off(t, g)
}

// withFile is an initramfs with one more archive behind it, which has one file.
func withFile(t *testing.T, initrd, name, body string) string {
	t.Helper()
	b, err := os.ReadFile(initrd)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "initrd")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Write(b); err != nil {
		t.Fatal(err)
	}
	file := tree.File{Path: name, Mode: 0o644, Body: []byte(body), Size: int64(len(body))}
	if err := cpio.Write(f, []tree.File{file}, time.Unix(0, 0), nil); err != nil {
		t.Fatal(err)
	}
	return path
}
