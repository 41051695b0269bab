package link

import (
	"context"
	"flag"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"

	"github.com/imgbuild/imgbuild/internal/nettest"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// TestMain lets many tests wait at a time for what a network does in its own time: how many processors there are says nothing of that.
func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "16"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// inNamespace runs a test in a process of its own, in a network namespace of its own, beside others that wait.
func inNamespace(t *testing.T) bool {
	t.Helper()
	t.Parallel()
	if !nettest.Within(t, 100*time.Second, syscall.CLONE_NEWUSER) {
		return false
	}
	if err := Loopback(); err != nil {
		t.Fatal(err)
	}
	return true
}

// manage starts a manager on the running kernel.
func manage(t *testing.T, rows map[string]spec.Ethernet) (*Manager, *told, context.Context) {
	t.Helper()
	return manageAll(t, &spec.Machine{Ethernet: rows})
}

func manageAll(t *testing.T, machine *spec.Machine) (*Manager, *told, context.Context) {
	t.Helper()
	f := newTold(t)
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	t.Cleanup(cancel)
	m := New(ctx, machine, f, nil)
	m.resolvConf = resolvFile(t)
	return m, f, ctx
}

var veth = spec.Match{Driver: []string{"veth"}}

func v4(t *testing.T) string {
	t.Helper()
	addresses, err := netlink.AddrList(nil, nl.FAMILY_V4)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, a := range addresses {
		if !a.IP.IsLoopback() {
			out = append(out, a.IPNet.String()+" "+a.Label)
		}
	}
	return strings.Join(out, ", ")
}

func TestStaticLink(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	plug(t, "eth7")
	m, f, ctx := manage(t, map[string]spec.Ethernet{"lan": {
		Match: veth, Addressing: spec.Addressing{MTU: 1400,
			Addresses: []netip.Prefix{netip.MustParsePrefix("192.0.2.20/24"), netip.MustParsePrefix("2001:db8::20/64")},
			Gateways:  []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")},
			DNS:       []netip.Addr{netip.MustParseAddr("192.0.2.53")},
		}}})
	if err := m.Configure(ctx, "lan"); err != nil {
		t.Fatal(err)
	}
	if err := m.Online(ctx, "lan"); err != nil {
		t.Fatal(err)
	}
	if got, want := v4(t), "192.0.2.20/24 lan"; got != want {
		t.Errorf("IPv4 addresses %q, want %q", got, want)
	}
	f.until("link.lan.gateway", "192.0.2.1")
	f.until("link.lan.carrier", "true")
	text, err := os.ReadFile(m.resolvConf)
	if err != nil || !strings.Contains(string(text), "\nnameserver 192.0.2.53\n") {
		t.Errorf("resolv.conf: %q, %v", text, err)
	}
	// What is there needs no more doing.
	k := &rtnetlink{known: map[int]hardware{}}
	state, err := k.Observe()
	if err != nil {
		t.Fatal(err)
	}
	nic, _ := state.named("lan")
	if ops := Plan([]Wanted{want("lan", m.rows["lan"].Addressing, 0, nic.Index, nil)}, state, time.Now()); len(ops) > 0 {
		t.Errorf("a second plan wants %v", ops)
	}
	if nic.MTU != 1400 {
		t.Errorf("MTU %d, want 1400", nic.MTU)
	}
}

// A whole life of a lease: obtained, renewed, lost with its server, obtained again, refused.
func TestLease(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	p := plug(t, "eth0")
	p.serve("192.0.2.100", 4, dhcpv4.WithOption(dhcpv4.OptNTPServers(net.IPv4(192, 0, 2, 123))))
	m, f, ctx := manage(t, map[string]spec.Ethernet{"lan": {Match: veth, Addressing: spec.Addressing{DHCP4: true}}})
	start := time.Now()
	if err := m.Configure(ctx, "lan"); err != nil {
		t.Fatal(err)
	}
	if err := m.Online(ctx, "lan"); err != nil {
		t.Fatal(err)
	}
	t.Logf("lease after %v", time.Since(start))
	if got, want := v4(t), "192.0.2.100/24 lan"; got != want {
		t.Errorf("addresses %q, want %q", got, want)
	}
	f.until("link.lan.dhcp4.lease_seconds", "4")
	f.until("link.lan.dhcp4.ntp", "[192.0.2.123]")
	if !f.heard("lan.dhcp4: [192.0.2.123]") || !f.heard("addresses") || !f.heard(`lan misses ""`) {
		t.Errorf("besides facts it was told %q", f.said)
	}

	// Renewed for longer, at half time.
	p.serve("192.0.2.100", 6)
	f.until("link.lan.dhcp4.lease_seconds", "6")

	// Server gone: the address goes with the lease.
	p.be(nil)
	f.until("link.lan.dhcp4.server", "")
	f.until("link.lan.gateway", "")
	if got := v4(t); got != "" {
		t.Errorf("addresses %q after the lease ended, want none", got)
	}
	p.serve("192.0.2.101", 4)
	f.until("link.lan.addresses", lanWith(t, "192.0.2.101/24"))

	// The server has other plans: it refuses the renewal and offers another address.
	p.serve("192.0.2.102", 3600)
	f.until("link.lan.addresses", lanWith(t, "192.0.2.102/24"))
	f.until("link.lan.gateway", "192.0.2.1")
}

// lanWith is the fact of addresses with the link-local one that is there.
func lanWith(t *testing.T, address string) string {
	t.Helper()
	lan, err := netlink.LinkByName("lan")
	if err != nil {
		t.Fatal(err)
	}
	mac := lan.Attrs().HardwareAddr
	local := net.IP{0xfe, 0x80, 0, 0, 0, 0, 0, 0, mac[0] ^ 2, mac[1], mac[2], 0xff, 0xfe, mac[3], mac[4], mac[5]}
	return fmt.Sprintf("[%s %s/64]", address, local)
}

// waits waits until what the link waits for begins as it should.
func waits(ctx context.Context, t *testing.T, m *Manager, want string) {
	t.Helper()
	err := m.await(ctx, "lan", func(v view) (bool, error) { return strings.HasPrefix(v.waiting(), want), nil })
	if err != nil {
		t.Fatalf("waiting for %q, want %q: %v", m.Waiting("lan"), want, err)
	}
}

// The cable comes late, is pulled, and comes back to a network where the address is no good any more.
func TestCable(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	m, f, ctx := manage(t, map[string]spec.Ethernet{"lan": {Match: veth, Addressing: spec.Addressing{DHCP4: true}}})
	configured := make(chan error, 1)
	go func() { configured <- m.Configure(ctx, "lan") }()
	f.until("link.lan.carrier", "false")
	waits(ctx, t, m, "no interface matches driver=veth")
	p := plug(t, "eth0")
	p.cable(false)
	f.until("link.lan.driver", "veth")
	f.until("link.lan.carrier", "false")
	waits(ctx, t, m, "no carrier on lan")
	p.cable(true)
	<-p.seen
	f.until("link.lan.carrier", "true")
	waits(ctx, t, m, "no answer to DHCPDISCOVER on lan (")
	p.serve("192.0.2.100", 3600)
	if err := <-configured; err != nil {
		t.Fatal(err)
	}
	f.until("link.lan.addresses", lanWith(t, "192.0.2.100/24"))
	p.cable(false)
	f.until("link.lan.carrier", "false")
	p.serve("192.0.2.200", 3600)
	p.cable(true)
	f.until("link.lan.addresses", lanWith(t, "192.0.2.200/24"))

	// The whole interface goes, and another one comes.
	old, err := netlink.LinkByName("lan")
	if err != nil {
		t.Fatal(err)
	}
	if err := netlink.LinkDel(old); err != nil {
		t.Fatal(err)
	}
	f.until("link.lan.driver", "")
	q := plug(t, "usb0")
	q.serve("192.0.2.50", 3600)
	f.until("link.lan.dhcp4.server", "192.0.2.1")
	f.until("link.lan.addresses", lanWith(t, "192.0.2.50/24"))
}

// resolvFile is a manager's resolv.conf. A manager may write it once more while its test ends, so
// t.TempDir would fail now and then.
func resolvFile(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "resolv-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return filepath.Join(dir, "resolv.conf")
}
