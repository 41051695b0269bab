package publish

import (
	"context"
	"errors"
	"flag"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/loopback"
	"github.com/imgbuild/imgbuild/internal/needed"
	"github.com/imgbuild/imgbuild/internal/nettest"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/container/netns"
)

// TestMain lets many tests wait at a time for what does not come.
func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "16"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// few is how long one waits for what is not to come, plenty for what is.
const few, plenty = 700 * time.Millisecond, 10 * time.Second

// site is a machine with two links, lan and wan, each with another machine at the end that sends to everybody by this one: .9 of
// 192.0.2.0/24, and .9 of 198.51.100.0/24. This one is .1.
type site struct {
	t        *testing.T
	m        *spec.Machine
	n        *Network
	lan, wan *netns.Namespace
}

// build says whether the test runs in a network of its own, and makes the site there.
func build(t *testing.T, containers map[string]spec.Container) (s *site, within bool) {
	t.Helper()
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("interfaces are root's")
	}
	if needed.Program(t, "nft") != Program {
		t.Fatalf("nft is not at %s", Program)
	}
	if !nettest.Within(t, 100*time.Second, 0) {
		return nil, false
	}
	if err := loopback.Up(); err != nil {
		t.Fatal(err)
	}
	row := func(address string) spec.Ethernet {
		return spec.Ethernet{Addressing: spec.Addressing{Addresses: []netip.Prefix{netip.MustParsePrefix(address)}}}
	}
	m := &spec.Machine{Ethernet: map[string]spec.Ethernet{"lan": row("192.0.2.1/24"), "wan": row("198.51.100.1/24")}, Container: containers}
	s = &site{t: t, m: m, n: New(func() *spec.Machine { return m })}
	s.lan, s.wan = s.link("lan", "192.0.2.1/24", "192.0.2.9/24"), s.link("wan", "198.51.100.1/24", "198.51.100.9/24")
	return s, true
}

// link makes one of the machine's, and the other machine.
func (s *site) link(name, here, there string) *netns.Namespace {
	s.t.Helper()
	ns := s.inside(nettest.Space(s.t))
	link, err := ns.Lay(netns.Pair{Here: name, There: "eth0", MAC: "52:54:00:00:00:09", MTU: 1500, MTUThere: 1500})
	if err != nil {
		s.t.Skipf("no veth here: %v", err)
	}
	eth0, err := ns.LinkByName("eth0")
	if err == nil {
		err = errors.Join(netlink.AddrAdd(link, address(here)), ns.AddrAdd(eth0, address(there)), netlink.LinkSetUp(link), ns.LinkSetUp(eth0),
			ns.RouteAdd(&netlink.Route{LinkIndex: eth0.Attrs().Index, Gw: address(here).IP}))
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return ns
}

func address(p string) *netlink.Addr {
	a, err := netlink.ParseAddr(p)
	if err != nil {
		panic(err)
	}
	return a
}

func (s *site) inside(file *os.File) *netns.Namespace {
	s.t.Helper()
	ns, err := netns.Open(file)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(ns.Close)
	return ns
}

// start adds a container, which answers with its name at port 80 and, by UDP, 53.
func (s *site) start(name string) *netns.Namespace {
	s.t.Helper()
	file := nettest.Space(s.t)
	if err := s.n.Add(s.t.Context(), name, file); err != nil {
		s.t.Fatal(err)
	}
	ns := s.inside(file)
	nettest.Serve(s.t, ns.Do, "tcp", ":80", name)
	nettest.Serve(s.t, ns.Do, "udp", ":53", name)
	return ns
}

func (s *site) stop(name string) {
	s.t.Helper()
	if err := s.n.Remove(context.Background(), name); err != nil {
		s.t.Fatal(err)
	}
}

// here is this machine itself.
func here(f func() error) error { return f() }

// answers holds what is answered to what should be; "" is nothing.
func (s *site) answers(who func(func() error) error, network, at, want string) {
	s.t.Helper()
	limit := plenty
	if want == "" {
		limit = few
	}
	if got, err := nettest.Ask(who, network, at, limit); got != want {
		s.t.Errorf("%s by %s answers %q, %v; want %q", at, network, got, err, want)
	}
}

// rest is all that could be left of containers: rules, interfaces, routes and settings.
func (s *site) rest() string {
	s.t.Helper()
	tables, err := nft(s.t.Context(), "", "list", "ruleset")
	if err != nil {
		s.t.Fatal(err)
	}
	links, err := netlink.LinkList()
	if err != nil {
		s.t.Fatal(err)
	}
	routes, err := netlink.RouteListFiltered(unix.AF_INET, &netlink.Route{Table: unix.RT_TABLE_MAIN}, netlink.RT_FILTER_TABLE)
	if err != nil {
		s.t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString(tables)
	for _, l := range links {
		b.WriteString(l.Attrs().Name + " ")
	}
	for _, r := range routes {
		b.WriteString(r.String() + "\n")
	}
	for _, link := range []string{"lan", "wan", "all"} {
		value, err := os.ReadFile("/proc/sys/net/ipv4/conf/" + link + "/forwarding")
		if err != nil {
			s.t.Fatal(err)
		}
		b.WriteString(link + " forwards " + string(value))
	}
	return b.String()
}
