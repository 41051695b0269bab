package link

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// A person asks by DHCP on an interface of which no row speaks: it has a lease and its name servers from then on, beside the others; so it
// is with one that has other addresses. Left to him, it keeps what it has.
func TestAskedByHand(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	first := 0
	far := plug(t, "eth0")
	far.serve("198.51.100.100", 3600)
	near := plug(t, "eth1")
	near.serve("192.0.2.100", 3600)
	m, f, ctx := manage(t, map[string]spec.Ethernet{"lan": {Match: spec.Match{Driver: veth.Driver, Index: &first}, Addressing: spec.Addressing{
		Addresses: []netip.Prefix{netip.MustParsePrefix("203.0.113.20/24")}, DNS: []netip.Addr{netip.MustParseAddr("203.0.113.53")}}}})
	m.handFile = handedFile(t)
	if err := m.Configure(ctx, "lan"); err != nil {
		t.Fatal(err)
	}
	if err := m.DHCP(ctx, "eth9", func(string) {}); err == nil || !strings.Contains(err.Error(), `there is no interface "eth9"; did you mean eth1?; accepted: lan, eth1`) {
		t.Errorf("one that is not there: %v", err)
	}
	for name, want := range map[string]string{"eth1": "192.0.2.100/24", "lan": "198.51.100.100/24"} {
		waited := ""
		if err := m.DHCP(ctx, name, func(what string) { waited += what }); err != nil || waited == "" {
			t.Fatalf("%s: %v; waited for %q", name, err, waited)
		}
		if got := v4(t); !strings.Contains(got, want+" "+name) || !strings.Contains(got, "203.0.113.20/24 lan") {
			t.Errorf("the addresses are %s, want %s on %s", got, want, name)
		}
	}
	f.until("link.eth1.dhcp4.lease_seconds", "3600")
	if _, err := m.Release(ctx, "eth1"); err != nil {
		t.Error(err)
	}
	if lines := strings.Join(m.Lines(), "\n"); !strings.Contains(lines, "eth1            by hand  192.0.2.100/24") {
		t.Errorf("shown as\n%s", lines)
	}
}
