package publish

import (
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/vishvananda/netlink"

	"github.com/imgbuild/imgbuild/internal/nettest"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// What an init that crashed has left is removed by the next one.
func TestSweep(t *testing.T) {
	s, within := build(t, map[string]spec.Container{"web": {Publish: []spec.PublishedPort{"8080:80"}}, "a-name-that-is-longer-than-an-interface": {NAT: true}})
	if !within {
		return
	}
	before := s.rest()
	s.start("web")
	s.start("a-name-that-is-longer-than-an-interface")
	next := New(func() *spec.Machine { return s.m })
	if err := next.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if after := s.rest(); after != before {
		t.Errorf("what is left is\n%s\n-- before was\n%s", after, before)
	}
	if err := next.Sweep(t.Context()); err != nil {
		t.Errorf("where nothing was left: %v", err)
	}
}

// What fails half-way leaves nothing.
func TestHalfWay(t *testing.T) {
	s, within := build(t, map[string]spec.Container{"web": {Publish: []spec.PublishedPort{"8080:80"}}})
	if !within {
		return
	}
	before := s.rest()
	file := nettest.Space(t)
	// The name that its interface is to have is taken there.
	if err := s.inside(file).LinkAdd(&netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: "host0"}}); err != nil {
		t.Fatal(err)
	}
	if err := s.n.Add(t.Context(), "web", file); err == nil || !strings.Contains(err.Error(), "making interface web--host0") {
		t.Errorf("%v", err)
	}
	if after := s.rest(); after != before {
		t.Errorf("what is left is\n%s\n-- before was\n%s", after, before)
	}
}

// A link that comes late is opened then, and one whose row forbids it is not.
func TestLateLinks(t *testing.T) {
	s, within := build(t, map[string]spec.Container{"web": {Publish: []spec.PublishedPort{"8080:80"}}})
	if !within {
		return
	}
	no := false
	late := spec.Ethernet{Addressing: spec.Addressing{Addresses: []netip.Prefix{netip.MustParsePrefix("203.0.113.1/24")}}}
	s.m.Ethernet["usb"] = late
	late.Forwarding = &no
	s.m.Ethernet["closed"] = late
	s.start("web")
	usb, closed := s.link("usb", "203.0.113.1/24", "203.0.113.9/24"), s.link("closed", "203.0.114.1/24", "203.0.114.9/24")
	s.answers(usb.Do, "tcp", "203.0.113.1:8080", "")
	late.Forwarding = nil
	s.m.Ethernet["site"] = late // of a row that was not there when the container came
	there := s.link("site", "203.0.115.1/24", "203.0.115.9/24")
	if err := s.n.Appeared(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.answers(usb.Do, "tcp", "203.0.113.1:8080", "web to 203.0.113.9")
	s.answers(there.Do, "tcp", "203.0.115.1:8080", "web to 203.0.115.9")
	// It forwards to nobody else, not to a link either that forwards anyway.
	yes := true
	s.m.Ethernet["router"] = spec.Ethernet{Addressing: spec.Addressing{Forwarding: &yes}}
	router := s.link("router", "203.0.116.1/24", "203.0.116.9/24")
	if err := write("router", "forwarding", "1"); err != nil {
		t.Fatal(err)
	}
	nettest.Serve(t, router.Do, "tcp", "203.0.116.9:80", "router")
	s.answers(there.Do, "tcp", "203.0.116.9:80", "")
	s.answers(closed.Do, "tcp", "203.0.114.1:8080", "")
}

// With the machine's own packet filter that drops what it does not know, one line lets published ports through.
func TestOwnFilter(t *testing.T) {
	s, within := build(t, map[string]spec.Container{"web": {Publish: []spec.PublishedPort{"8080:80"}}, "nat": {NAT: true}})
	if !within {
		return
	}
	s.start("web")
	nat := s.start("nat")
	nettest.Serve(t, s.lan.Do, "tcp", "192.0.2.9:80", "lan")
	filter := func(more string) {
		t.Helper()
		err := load(t.Context(), without("filter")+`table inet filter {
	chain input { type filter hook input priority filter; policy drop; ct state established,related accept; }
	chain forward { type filter hook forward priority filter; policy drop; ct state established,related accept; `+more+` }
}
`)
		if err != nil {
			t.Fatal(err)
		}
	}
	filter("")
	s.answers(s.lan.Do, "tcp", "192.0.2.1:8080", "")
	s.answers(nat.Do, "tcp", "192.0.2.9:80", "")
	filter("ct status dnat accept; ip saddr 10.88.0.0/16 accept;")
	s.answers(s.lan.Do, "tcp", "192.0.2.1:8080", "web to 192.0.2.9")
	s.answers(here, "tcp", "192.0.2.1:8080", "web to 192.0.2.1")
	s.answers(nat.Do, "tcp", "192.0.2.9:80", "lan to 192.0.2.1")
}

// Rules that somebody has removed are in force again, and nobody gets by without them.
func TestFlushed(t *testing.T) {
	s, within := build(t, map[string]spec.Container{"web": {Publish: []spec.PublishedPort{"8080:80"}}, "nat": {NAT: true}})
	if !within {
		return
	}
	said := make(chan string, 100)
	if err := s.n.Watch(t.Context(), func(line string) { said <- line }); err != nil {
		t.Fatal(err)
	}
	s.start("web")
	s.start("nat")
	before := s.rest()
	if err := load(t.Context(), "flush ruleset\ntable inet own {}\n"); err != nil {
		t.Fatal(err)
	}
	nettest.Eventually(t, "rules do not come back", func() bool {
		names, guarded, err := left()
		return err == nil && len(names) == 2 && guarded
	})
	if line := <-said; !strings.Contains(line, "in force again") {
		t.Error(line)
	}
	if err := load(t.Context(), without("own")); err != nil {
		t.Fatal(err)
	}
	lines := func(text string) []string { return slices.Sorted(strings.Lines(text)) } // tables may come in another order
	if after := s.rest(); !slices.Equal(lines(after), lines(before)) {
		t.Errorf("now there is\n%s\n-- before was\n%s", after, before)
	}
	s.answers(s.lan.Do, "tcp", "192.0.2.1:8080", "web to 192.0.2.9")
	s.stop("web")
	s.stop("nat")
	if names, guarded, err := left(); err != nil || len(names) > 0 || guarded {
		t.Errorf("what was removed is back: %v, %v, %v", names, guarded, err)
	}
}

// Links are opened where the profile leaves that to us.
func TestOpened(t *testing.T) {
	yes, no := true, false
	row := func(forwarding *bool, sysctl string) spec.Ethernet {
		a := spec.Addressing{Forwarding: forwarding}
		if sysctl != "" {
			a.Sysctl = map[string]string{"ipv4.forwarding": sysctl}
		}
		return spec.Ethernet{Addressing: a}
	}
	m := &spec.Machine{
		Ethernet: map[string]spec.Ethernet{"lan": row(nil, ""), "router": row(&yes, ""), "closed": row(&no, ""), "set": row(nil, "1"), "by.name": row(nil, ""), "port": row(nil, ""),
			"carrier": {Addressing: spec.Addressing{NoAddress: true}}},
		Bridge: map[string]spec.Bridge{"br0": {Ports: []string{"port"}}}, Dummy: map[string]spec.Dummy{"d": {}},
		Sysctl: map[string]string{"net.ipv4.conf.by/name.forwarding": "1", "net.ipv4.ip_forward": "0"},
	}
	if got, want := Opened(m), []string{"br0", "lan"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	m.Sysctl["net.ipv4.ip_forward"] = "1"
	if got := Opened(m); got != nil {
		t.Errorf("a machine that forwards anyway: %v", got)
	}
}

// Frames that pass a bridge of the machine's are not forwarded, even where they come by its rules.
func TestBridgedFrames(t *testing.T) {
	s, within := build(t, map[string]spec.Container{"web": {NAT: true}})
	if !within {
		return
	}
	if err := os.WriteFile("/proc/sys/net/bridge/bridge-nf-call-iptables", []byte("1"), 0); err != nil {
		t.Skipf("no rules for bridged frames here: %v", err)
	}
	if err := netlink.LinkAdd(&netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: "br0"}}); err != nil {
		t.Skipf("no bridges here: %v", err)
	}
	one, two := s.link("one", "203.0.113.1/32", "203.0.113.8/24"), s.link("two", "203.0.113.1/32", "203.0.113.9/24")
	br0, err := netlink.LinkByName("br0")
	for _, port := range []string{"one", "two"} {
		link, e := netlink.LinkByName(port)
		if err == nil && e == nil {
			e = netlink.LinkSetMaster(link, br0)
		}
		if e != nil {
			t.Fatal(e)
		}
	}
	eth0, e := two.LinkByName("eth0")
	if err == nil && e == nil {
		err = two.LinkSetDown(eth0)
	}
	if err == nil && e == nil {
		err = two.LinkSetHardwareAddr(eth0, net.HardwareAddr{0x52, 0x54, 0, 0, 0, 8})
	}
	if err == nil && e == nil {
		e = two.LinkSetUp(eth0)
	}
	if err == nil && e == nil {
		err = netlink.LinkSetUp(br0)
	}
	if err != nil || e != nil {
		t.Fatal(err, e)
	}
	s.m.Bridge = map[string]spec.Bridge{"br0": {Ports: []string{"one", "two"}}}
	s.m.BridgeFilter.IPTables = true
	s.start("web")
	nettest.Serve(t, two.Do, "tcp", "203.0.113.9:80", "two")
	nettest.Eventually(t, "frames do not pass the bridge", func() bool {
		word, _ := nettest.Ask(one.Do, "tcp", "203.0.113.9:80", few)
		return word == "two to 203.0.113.8"
	})
}
