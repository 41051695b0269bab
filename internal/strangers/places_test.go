package strangers

import (
	"net/netip"
	"testing"
)

// Nobody takes more than half of the places, whatever address of a network it comes from, and what is given back is free.
func TestPlaces(t *testing.T) {
	p := Places{Most: 5}
	for _, step := range []struct {
		from string
		want bool
	}{
		{"192.0.2.1", true}, {"::ffff:192.0.2.1", true}, {"192.0.2.1", true}, {"192.0.2.1", false},
		{"2001:db8::1", true}, {"fe80::1%lan", true}, {"2001:db8::2", false}, {"192.0.2.2", false},
	} {
		if got := p.Enter(netip.MustParseAddr(step.from)); got != step.want {
			t.Errorf("%s may enter: %v", step.from, got)
		}
	}
	one := netip.MustParseAddr("192.0.2.1")
	p.Leave(one)
	if !p.Enter(netip.MustParseAddr("2001:db8:0:0:1::")) || p.Enter(one) {
		t.Error("one place was free, for whoever has fewer than half")
	}
	for range 3 {
		p.Leave(netip.MustParseAddr("2001:db8::1"))
		p.Leave(one)
	}
	if len(p.taken) > 1 {
		t.Errorf("it remembers %v", p.taken)
	}
}

func TestOrigin(t *testing.T) {
	for a, want := range map[string]string{
		"192.0.2.1": "192.0.2.1/32", "::ffff:192.0.2.1": "192.0.2.1/32", "2001:db8:1:2:3::4": "2001:db8:1:2::/64", "fe80::1%lan": "fe80::/64",
	} {
		if got := Origin(netip.MustParseAddr(a)).String(); got != want {
			t.Errorf("%s is %s, want %s", a, got, want)
		}
	}
	if got := Origin(netip.Addr{}); got.IsValid() {
		t.Errorf("no address is %v", got)
	}
}
