package netns

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vishvananda/netlink"

	"github.com/imgbuild/imgbuild/internal/nettest"
)

// inNetwork says whether the test runs in a network of its own.
func inNetwork(t *testing.T) bool {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("interfaces are root's")
	}
	return nettest.Within(t, time.Minute, 0)
}

func open(t *testing.T) *Namespace {
	t.Helper()
	n, err := Open(nettest.Space(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.Close)
	return n
}

// network is which one the thread of an entry of /proc is in.
func network(t *testing.T, thread string) string {
	t.Helper()
	name, err := os.Readlink(filepath.Join("/proc", thread, "ns/net"))
	if err != nil {
		t.Fatal(err)
	}
	return name
}

// However often something is done elsewhere, no thread stays there: not the first one either, which cannot end.
func TestNobodyStays(t *testing.T) {
	if !inNetwork(t) {
		return
	}
	here := network(t, "self")
	n := open(t)
	var there sync.Map
	var all sync.WaitGroup
	for range 500 {
		all.Go(func() {
			if err := n.Do(func() error { there.Store(network(t, "thread-self"), true); return nil }); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	there.Range(func(name, _ any) bool {
		if name == here {
			t.Error("something was done here")
		}
		return true
	})
	nettest.Eventually(t, "a thread has stayed", func() bool {
		threads, err := os.ReadDir("/proc/self/task")
		if err != nil {
			t.Fatal(err)
		}
		return !slices.ContainsFunc(threads, func(e os.DirEntry) bool {
			name, err := os.Readlink(filepath.Join("/proc/self/task", e.Name(), "ns/net"))
			return err == nil && name != here // one that has ended meanwhile is nowhere
		})
	})
}

// A pair replaces one that was left behind, and nothing else of its name.
func TestLeftBehind(t *testing.T) {
	if !inNetwork(t) {
		return
	}
	first, second := open(t), open(t)
	pair := Pair{Here: "here", There: "eth0", MAC: "02:00:00:00:00:01", MTU: 1500, MTUThere: 1500}
	for _, n := range []*Namespace{first, second} {
		if _, err := n.Lay(pair); err != nil {
			t.Skipf("no veth here: %v", err)
		}
	}
	if _, err := first.LinkByName("eth0"); err == nil {
		t.Error("the first one is still there")
	}
	if _, err := second.LinkByName("eth0"); err != nil {
		t.Error(err)
	}
	if err := netlink.LinkAdd(&netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: "br0"}}); err != nil {
		t.Skipf("no bridges here: %v", err)
	}
	pair.Here = "br0"
	if _, err := second.Lay(pair); err == nil || !strings.Contains(err.Error(), "interface br0 is there, a bridge that is no container's") {
		t.Errorf("over a bridge: %v", err)
	}
	if err := Clear("nobody"); err != nil {
		t.Errorf("what is not there: %v", err)
	}
}

// A setting that the kernel does not take is told, and one of IPv6 that it does not have is not.
func TestSettings(t *testing.T) {
	if !inNetwork(t) {
		return
	}
	n := open(t)
	if err := n.Set(Setting{"ipv6/conf/nobody/accept_ra", "0"}); err != nil {
		t.Error(err)
	}
	for _, s := range []Setting{{"ipv4/conf/nobody/forwarding", "0"}, {"ipv4/ping_group_range", "x"}} {
		if err := n.Set(s); err == nil || !strings.HasPrefix(err.Error(), "setting "+s.Key+" to ") {
			t.Errorf("%v: %v", s, err)
		}
	}
}
