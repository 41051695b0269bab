package link

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/insomniacslk/dhcp/dhcpv4/server4"
	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// inNamespace runs a test in a process of its own, in a network namespace of its own.
func inNamespace(t *testing.T) bool {
	t.Helper()
	if os.Getenv("LINK_TEST_NETNS") != "" {
		if err := Loopback(); err != nil {
			t.Fatal(err)
		}
		return true
	}
	cmd := exec.Command("/proc/self/exe", "-test.run=^"+t.Name()+"$", "-test.v", "-test.timeout=100s")
	cmd.Env = append(os.Environ(), "LINK_TEST_NETNS=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
	}
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Skipf("no network namespaces here: %v", err)
	}
	t.Logf("%s", out)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(out), "--- SKIP") {
		t.Skip("see above")
	}
	return false
}

// peer is the other end of a cable, in a namespace of its own, with a DHCP server that does as it is told.
type peer struct {
	t      *testing.T
	handle *netlink.Handle
	link   netlink.Link
	conn   func() (*net.UDPConn, error)

	mu sync.Mutex
	// reply makes the server's answer; nil keeps silent.
	reply func(*dhcpv4.DHCPv4) *dhcpv4.DHCPv4
	seen  chan dhcpv4.MessageType
}

// plug makes a cable: the interface name here, and its peer with 192.0.2.1/24 elsewhere.
func plug(t *testing.T, name string) *peer {
	t.Helper()
	p := &peer{t: t, seen: make(chan dhcpv4.MessageType, 100)}
	made := make(chan error)
	work := make(chan func())
	t.Cleanup(func() { close(work) })
	go func() {
		// Never unlocked: the thread ends with the goroutine, and its namespace with it.
		runtime.LockOSThread()
		err := unix.Unshare(unix.CLONE_NEWNET)
		if err == nil {
			p.handle, err = netlink.NewHandle(unix.NETLINK_ROUTE)
		}
		made <- err
		for f := range work {
			f()
		}
	}()
	if err := <-made; err != nil {
		t.Skipf("no second network namespace here: %v", err)
	}
	there := func(f func() error) {
		t.Helper()
		done := make(chan error)
		work <- func() { done <- f() }
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	var ns int
	there(func() (err error) { ns, err = unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY, 0); return })
	veth := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: name}, PeerName: "far", PeerNamespace: netlink.NsFd(ns)}
	if err := netlink.LinkAdd(veth); err != nil {
		t.Skipf("no veth here: %v", err)
	}
	there(func() (err error) {
		if p.link, err = p.handle.LinkByName("far"); err != nil {
			return err
		}
		address := &net.IPNet{IP: net.IPv4(192, 0, 2, 1), Mask: net.CIDRMask(24, 32)}
		return errors.Join(p.handle.AddrAdd(p.link, &netlink.Addr{IPNet: address}), p.handle.LinkSetUp(p.link))
	})
	there(func() error {
		server, err := server4.NewServer("far", nil, p.answer)
		if err == nil {
			go server.Serve()
			t.Cleanup(func() { server.Close() })
		}
		return err
	})
	return p
}

func (p *peer) answer(conn net.PacketConn, from net.Addr, m *dhcpv4.DHCPv4) {
	p.mu.Lock()
	reply := p.reply
	p.mu.Unlock()
	select {
	case p.seen <- m.MessageType():
	default:
	}
	if reply == nil {
		return
	}
	if r := reply(m); r != nil {
		to := &net.UDPAddr{IP: net.IPv4bcast, Port: 68}
		if !m.ClientIPAddr.IsUnspecified() {
			to.IP = m.ClientIPAddr
		}
		_, _ = conn.WriteTo(r.ToBytes(), to)
	}
}

// serve makes the server lend an address for some seconds.
func (p *peer) serve(address string, seconds uint32, more ...dhcpv4.Modifier) {
	p.be(func(m *dhcpv4.DHCPv4) *dhcpv4.DHCPv4 {
		kind := dhcpv4.MessageTypeOffer
		if m.MessageType() == dhcpv4.MessageTypeRequest {
			kind = dhcpv4.MessageTypeAck
			asked := m.RequestedIPAddress()
			if asked == nil {
				asked = m.ClientIPAddr
			}
			if !asked.Equal(net.ParseIP(address)) {
				kind = dhcpv4.MessageTypeNak
			}
		}
		gateway := net.IPv4(192, 0, 2, 1)
		r, err := dhcpv4.NewReplyFromRequest(m, append([]dhcpv4.Modifier{
			dhcpv4.WithMessageType(kind), dhcpv4.WithServerIP(gateway), dhcpv4.WithOption(dhcpv4.OptServerIdentifier(gateway)),
			dhcpv4.WithYourIP(net.ParseIP(address)), dhcpv4.WithNetmask(net.CIDRMask(24, 32)),
			dhcpv4.WithRouter(gateway), dhcpv4.WithDNS(net.IPv4(192, 0, 2, 53)), dhcpv4.WithLeaseTime(seconds),
		}, more...)...)
		if err != nil {
			p.t.Error(err)
		}
		return r
	})
}

func (p *peer) be(reply func(*dhcpv4.DHCPv4) *dhcpv4.DHCPv4) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reply = reply
}

// cable plugs in or pulls.
func (p *peer) cable(in bool) {
	p.t.Helper()
	set := p.handle.LinkSetDown
	if in {
		set = p.handle.LinkSetUp
	}
	if err := set(p.link); err != nil {
		p.t.Fatal(err)
	}
}

// told collects facts and lets a test wait for them.
type told struct {
	t    *testing.T
	mu   sync.Mutex
	is   map[string]any
	news chan struct{}
}

func (f *told) fact(name string, value any) {
	f.mu.Lock()
	f.is[name] = value
	f.mu.Unlock()
	select {
	case f.news <- struct{}{}:
	default:
	}
}

// until waits for a fact to print as text.
func (f *told) until(name, text string) {
	f.t.Helper()
	limit := time.After(30 * time.Second)
	for {
		f.mu.Lock()
		now := maps.Clone(f.is)
		f.mu.Unlock()
		if fmt.Sprint(now[name]) == text {
			return
		}
		select {
		case <-f.news:
		case <-limit:
			f.t.Fatalf("%s did not become %s; facts: %v", name, text, now)
		}
	}
}

// manage starts a manager on the running kernel.
func manage(t *testing.T, rows map[string]spec.Ethernet) (*Manager, *told, context.Context) {
	t.Helper()
	f := &told{t: t, is: map[string]any{}, news: make(chan struct{}, 1)}
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	t.Cleanup(cancel)
	m := New(ctx, rows, f.fact)
	m.resolvConf = filepath.Join(t.TempDir(), "resolv.conf")
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
		Match: veth, MTU: 1400,
		Addresses: []netip.Prefix{netip.MustParsePrefix("192.0.2.20/24"), netip.MustParsePrefix("2001:db8::20/64")},
		Gateways:  []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")},
		DNS:       []netip.Addr{netip.MustParseAddr("192.0.2.53")},
	}})
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
	if ops := Plan([]Wanted{want("lan", m.rows["lan"], 0, nic.Index, nil)}, state, time.Now()); len(ops) > 0 {
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
	p.serve("192.0.2.100", 4)
	m, f, ctx := manage(t, map[string]spec.Ethernet{"lan": {Match: veth, DHCP4: true}})
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

// The cable comes late, is pulled, and comes back to a network where the address is no good any more.
func TestCable(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	m, f, ctx := manage(t, map[string]spec.Ethernet{"lan": {Match: veth, DHCP4: true}})
	configured := make(chan error, 1)
	go func() { configured <- m.Configure(ctx, "lan") }()
	f.until("link.lan.carrier", "false")
	if got, want := m.Waiting("lan"), "no interface matches driver=veth"; got != want {
		t.Errorf("waiting for %q, want %q", got, want)
	}
	p := plug(t, "eth0")
	p.cable(false)
	f.until("link.lan.driver", "veth")
	f.until("link.lan.carrier", "false")
	if got, want := m.Waiting("lan"), "no carrier on lan"; got != want {
		t.Errorf("waiting for %q, want %q", got, want)
	}
	p.cable(true)
	<-p.seen
	f.until("link.lan.carrier", "true")
	if got := m.Waiting("lan"); !strings.HasPrefix(got, "no answer to DHCPDISCOVER on lan (") {
		t.Errorf("waiting for %q", got)
	}
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
