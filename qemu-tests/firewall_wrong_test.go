package qemu_tests

import (
	"regexp"
	"strings"
	"testing"

	"github.com/gopacket/gopacket"

	"github.com/imgbuild/imgbuild/internal/report"
)

// Rules that are wrong at the boot: everything is dropped but the management path.
func TestFirewallWrongRules(t *testing.T) {
	t.Parallel()
	box := built(t, written(t, "extends = \"firewall\"\n"+small, map[string]string{}))
	// What the builder can't have seen: the kernel unpacks another file over the one it tried.
	box.options.Initrd = withFile(t, box.options.Initrd, "etc/nftables.nft", "table inet filter {\n\tchain input { type filter hook input priority 0; policy acept; }\n}\n")
	// The uplink is dead besides: nobody answers on wan.
	wan, inner, dmz := newWire(t), newWire(t), newWire(t)
	client := inner.Host(2, addr("192.168.77.10"))
	g := box.on(t, wan, inner, dmz)
	hasFact(t, g, "firewall.state", "fallback") // the kernel has to come up first
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

// The same in the wire, where nothing passes; and where there can't be any rules, no interface comes up.
func TestFirewallBridgeWithoutRules(t *testing.T) {
	t.Parallel()
	box := built(t, written(t, "extends = \"firewall-bridge\"\n"+small, map[string]string{}))
	a, b := addr("192.0.2.1"), addr("192.0.2.2")
	for _, tt := range []struct {
		state, initrd, cmdline string
		up                     string // interfaces
	}{
		{"fallback", withFile(t, box.options.Initrd, "etc/nftables.nft", "table bridge filter {\n\tchain forward { type filter hook forward priority 0; policy acept; }\n}\n"), "", "inside lo outside wire"},
		{"none", box.options.Initrd, " module_blacklist=nf_tables", "lo"},
	} {
		left, right := newWire(t), newWire(t)
		outer, inner := left.Host(1, a), right.Host(2, b)
		knock := packet{from: outer.MAC, to: inner.MAC, source: a, target: b, sport: 7, dport: 7, udp: true}
		leave := packet{from: inner.MAC, to: outer.MAC, source: b, target: a, sport: 9, dport: 9, udp: true}
		stops := []func(){pelt(left, knock.frame(), who(outer.MAC, "192.0.2.1", "192.0.2.2")), pelt(right, leave.frame())}
		box := box
		box.options.Initrd, box.options.Cmdline = tt.initrd, box.options.Cmdline+tt.cmdline
		g := box.on(t, left, right)
		hasFact(t, g, "firewall.state", tt.state) // the kernel has to come up first
		s := until(t, g, "the end of the boot", isBooted)
		if s.Boot.State != "degraded" || s.Units["console:ttyS0"].State != "ok" {
			t.Errorf("%s: the boot is %s, the prompt %s", tt.state, s.Boot.State, s.Units["console:ttyS0"].State)
		}
		if got := inside(t, g, `for d in /sys/class/net/*; do (( $(< $d/flags) & 1 )) && echo ${d##*/}; done; :`); strings.Join(strings.Fields(got), " ") != tt.up {
			t.Errorf("%s: up are %q, want %q", tt.state, got, tt.up)
		}
		// What a frame can't do now it could without the rules of the fallback.
		if tt.state == "fallback" {
			passed := left.has(transport(b, a, 9, 9)) || right.has(transport(a, b, 7, 7))
			inside(t, g, "nft flush ruleset")
			right.sees(t, "passes without rules", left, knock.frame(), transport(a, b, 7, 7))
			if passed {
				t.Error("a frame passed under the fallback")
			}
		}
		for _, stop := range stops {
			stop()
		}
		if tt.state == "none" && (left.has(transport(b, a, 9, 9)) || right.has(transport(a, b, 7, 7))) {
			t.Error("a frame passed without any rules in force")
		}
		off(t, g)
	}
}
