package nic

import (
	"context"
	"errors"
	"flag"
	"io"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/loopback"
	"github.com/imgbuild/imgbuild/internal/nettest"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/container/netns"
)

// TestMain lets many tests wait at a time for what a network does in its own time.
func TestMain(m *testing.M) {
	if os.Getenv(waits) != "" {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}
	flag.Parse()
	if err := flag.Set("test.parallel", "16"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// waits is set in the environment of a process that does nothing until its standard input ends.
const waits = "NIC_TEST_WAITS"

// inNetwork says whether the test runs in a network of its own, which has a bridge, br0, that forwards at once.
func inNetwork(t *testing.T) bool {
	t.Helper()
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("interfaces are root's")
	}
	if !nettest.Within(t, 100*time.Second, 0) {
		return false
	}
	if err := loopback.Up(); err != nil {
		t.Fatal(err)
	}
	bridge(t, "br0", 0)
	return true
}

// bridge makes a bridge, which has a spanning tree where it has a delay, in hundredths of a second.
func bridge(t *testing.T, name string, delay uint32) {
	t.Helper()
	req := nl.NewNetlinkRequest(unix.RTM_NEWLINK, unix.NLM_F_CREATE|unix.NLM_F_EXCL|unix.NLM_F_ACK)
	req.AddData(nl.NewIfInfomsg(unix.AF_UNSPEC))
	req.AddData(nl.NewRtAttr(unix.IFLA_IFNAME, nl.ZeroTerminated(name)))
	info := nl.NewRtAttr(unix.IFLA_LINKINFO, nil)
	info.AddRtAttr(nl.IFLA_INFO_KIND, nl.NonZeroTerminated("bridge"))
	data := info.AddRtAttr(nl.IFLA_INFO_DATA, nil)
	data.AddRtAttr(nl.IFLA_BR_FORWARD_DELAY, nl.Uint32Attr(delay))
	data.AddRtAttr(nl.IFLA_BR_STP_STATE, nl.Uint32Attr(min(delay, 1)))
	data.AddRtAttr(nl.IFLA_BR_MCAST_SNOOPING, nl.Uint8Attr(0)) // which wants a querier
	req.AddData(info)
	if _, err := req.Execute(unix.NETLINK_ROUTE, 0); err != nil {
		t.Skipf("no bridges here: %v", err)
	}
	link, err := netlink.LinkByName(name)
	if err == nil {
		err = netlink.LinkSetUp(link)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// inside is a namespace to do things in.
func inside(t *testing.T, file *os.File) *netns.Namespace {
	t.Helper()
	ns, err := netns.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(ns.Close)
	return ns
}

// neighbour is another machine on a bridge: its interface is eth0.
func neighbour(t *testing.T, on, name string, mac spec.MAC, addresses ...string) *netns.Namespace {
	t.Helper()
	ns := inside(t, nettest.Space(t))
	port, err := ns.Lay(netns.Pair{Here: name, There: "eth0", MAC: mac, MTU: 1500, MTUThere: 1500})
	if err != nil {
		t.Skipf("no veth here: %v", err)
	}
	if on != "" {
		master, err := netlink.LinkByName(on)
		if err == nil {
			err = netlink.LinkSetMaster(port, master)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	eth0, err := ns.LinkByName("eth0")
	if err == nil {
		err = errors.Join(netlink.LinkSetUp(port), ns.LinkSetUp(eth0))
	}
	for _, a := range addresses {
		if err == nil {
			err = ns.AddrAdd(eth0, &netlink.Addr{IPNet: ipNet(netip.MustParsePrefix(a)), Flags: unix.IFA_F_NODAD})
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return ns
}

// heard collects what is said of a container.
type heard struct {
	mu    sync.Mutex
	lines []string
	last  map[string][]netip.Prefix
	news  chan struct{}
}

func (h *heard) text() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return strings.Join(h.lines, "\n")
}

// until waits until the addresses of an interface are as they should be.
func (h *heard) until(t *testing.T, nic string, is func([]netip.Prefix) bool) {
	t.Helper()
	limit := time.After(30 * time.Second)
	for {
		h.mu.Lock()
		now := h.last[nic]
		h.mu.Unlock()
		if is(now) {
			return
		}
		select {
		case <-h.news:
		case <-limit:
			t.Fatalf("%s has %v; said: %s", nic, now, h.text())
		}
	}
}

// start gives a container its interfaces; stop ends it.
func start(t *testing.T, file *os.File, name string, nics map[string]spec.ContainerNIC) (h *heard, stop func(), err error) {
	t.Helper()
	return startWithin(t, patience, file, name, nics)
}

func startWithin(t *testing.T, patience time.Duration, file *os.File, name string, nics map[string]spec.ContainerNIC) (h *heard, stop func(), err error) {
	t.Helper()
	h = &heard{last: map[string][]netip.Prefix{}, news: make(chan struct{}, 1)}
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	err = attach(ctx, Container{Name: name, NICs: nics, Namespace: file, Host: "host",
		Say: func(line string) {
			h.mu.Lock()
			defer h.mu.Unlock()
			h.lines = append(h.lines, line)
		},
		Changed: func(nic string, addresses []netip.Prefix) {
			h.mu.Lock()
			h.last[nic] = addresses
			h.mu.Unlock()
			select {
			case h.news <- struct{}{}:
			default:
			}
		},
	}, patience)
	return h, cancel, err
}

// here are the names of this machine's interfaces.
func here(t *testing.T) (names []string) {
	t.Helper()
	links, err := netlink.LinkList()
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range links {
		names = append(names, l.Attrs().Name)
	}
	slices.Sort(names)
	return names
}

func prefixes(all ...string) (out []netip.Prefix) {
	for _, p := range all {
		out = append(out, netip.MustParsePrefix(p))
	}
	return out
}

// setting reads one of the kernel's of a namespace.
func setting(t *testing.T, ns *netns.Namespace, key string) (value string) {
	t.Helper()
	err := ns.Do(func() error {
		b, err := os.ReadFile("/proc/sys/net/" + key)
		value = strings.Join(strings.Fields(string(b)), " ")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return value
}
