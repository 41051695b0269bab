package link

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/vishvananda/netlink"

	"github.com/imgbuild/imgbuild/internal/spec"
)

func TestPlanRules(t *testing.T) {
	pfx := netip.MustParsePrefix
	want := rulesOf(&spec.Machine{Rule: map[string]spec.Rule{
		"guests": {From: pfx("192.0.2.0/24"), Table: 7, Priority: 100}, "marked": {FirewallMark: 5, Table: 8, Priority: 200},
	}})
	kernel := Rule{Table: 254, Priority: 32766}
	stale := Rule{V6: true, To: pfx("2001:db8::/32"), Table: 7, Priority: 99, Ours: true}
	for _, tt := range []struct {
		what string
		have []Rule
		ops  string
	}{
		{"from nothing", []Rule{kernel}, "[ip rule add priority 100 from 192.0.2.0/24 table 7 ip rule add priority 200 fwmark 5 table 8 ip -6 rule add priority 200 fwmark 5 table 8]"},
		{"what is there", append([]Rule{kernel}, want...), "[]"},
		{"one that is not wanted any more", append([]Rule{kernel, stale}, want...), "[ip -6 rule del priority 99 to 2001:db8::/32 table 7]"},
	} {
		if got := fmt.Sprint(PlanRules(want, tt.have)); got != tt.ops {
			t.Errorf("%s: %s, want %s", tt.what, got, tt.ops)
		}
	}
}

// Routes in two tables and rules, and a person who takes some of them away.
func TestRoutes(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	plug(t, "eth0")
	f := newTold(t)
	pfx, ip := netip.MustParsePrefix, netip.MustParseAddr
	m := New(t.Context(), &spec.Machine{
		Ethernet: map[string]spec.Ethernet{"lan": {Match: veth, Addressing: spec.Addressing{MTU: 1500, Addresses: []netip.Prefix{pfx("192.0.2.20/24"), pfx("2001:db8::20/64")}}}},
		Route: map[string]spec.Route{
			"far":   {Destination: pfx("198.51.100.0/24"), Link: "lan", Via: ip("192.0.2.9"), Metric: 50, Source: ip("192.0.2.20")},
			"far6":  {Destination: pfx("2001:db8:1::/48"), Link: "lan", Via: ip("2001:db8::9"), Metric: 50},
			"other": {Destination: pfx("0.0.0.0/0"), Link: "lan", Via: ip("192.0.2.8"), Metric: 50, Table: 7},
		},
		Rule: map[string]spec.Rule{"guests": {From: pfx("203.0.113.0/24"), Table: 7, Priority: 100}},
	}, f, nil)
	m.resolvConf = resolvFile(t)
	if err := m.Configure(t.Context(), "lan"); err != nil {
		t.Fatal(err)
	}
	if err := m.Online(t.Context(), "lan"); err != nil {
		t.Fatal(err)
	}
	k := &rtnetlink{known: map[int]hardware{}, rules: true}
	state, err := k.Observe()
	if err != nil {
		t.Fatal(err)
	}
	lan, _ := state.named("lan")
	for _, want := range m.rows["lan"].routes {
		want.NIC = lan.Index
		if !hasRoute(state.Routes, want) {
			t.Errorf("no route %v among %v", want.words("lan"), state.Routes)
		}
	}
	if ops := PlanRules(m.rules, state.Rules); ops != nil {
		t.Errorf("rules want %v", ops)
	}

	// A person takes a route away, sets another MTU, turns forwarding on and the interface off.
	device, err := netlink.LinkByName("lan")
	if err != nil {
		t.Fatal(err)
	}
	far := m.rows["lan"].routes[0]
	far.NIC = lan.Index
	for i, change := range []func() error{
		func() error { return netlink.RouteDel(far.netlink()) },
		func() error { return netlink.LinkSetMTU(device, 1300) },
		func() error { return netlink.LinkSetDown(device) },
	} {
		if err := change(); err != nil {
			t.Fatal(err)
		}
		// One change may take two repairs: addresses of IPv6 come and go later than the interface.
		f.when(fmt.Sprintf("all is as it was before change %d", i), func(facts map[string]any) bool {
			state, err := k.Observe()
			lan, _ := state.named("lan")
			repairs, _ := facts["link.lan.repairs"].(int)
			return err == nil && repairs > i && lan.MTU == 1500 && lan.Up && hasRoute(state.Routes, far)
		})
	}
	if err := m.Online(t.Context(), "lan"); err != nil {
		t.Error(err)
	}
}
