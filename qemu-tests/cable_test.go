package qemu_tests

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/internal/boot"
	"github.com/imgbuild/imgbuild/internal/qemu"
	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/qemu-tests/lan"
)

// cloud is the kernel that boots fastest; it has what a virtual network needs.
const cloud = "[kernel]\npackage = \"linux-image-cloud-amd64\"\n"

// segment makes an Ethernet that is gone when the test ends.
func segment(t *testing.T) *lan.Segment {
	t.Helper()
	s := lan.NewSegment()
	t.Cleanup(s.Close)
	return s
}

// plugged starts the appliance with an interface on each segment; QEMU calls them net0, net1 …
// n tells it from other guests there.
func (a appliance) plugged(t *testing.T, n int, model string, segments ...*lan.Segment) *qemu.Guest {
	t.Helper()
	vm, err := boot.Prepare(t.Context(), a.options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(vm.Close)
	vm.Config.NICs = nil
	for i, s := range segments {
		cable, err := s.Cable()
		if err != nil {
			t.Fatal(err)
		}
		vm.Config.NICs = append(vm.Config.NICs, qemu.NIC{Model: model, Backend: cable, MAC: qemu.MAC(0x10*n + i)})
	}
	return startFor(t, vm.Config, 2*limit) // leases and prefixes take their time
}

// cable plugs in or pulls the guest's i-th one.
func cable(t *testing.T, g *qemu.Guest, i int, in bool) {
	t.Helper()
	if _, err := g.QMP(t.Context(), "set_link", map[string]any{"name": fmt.Sprintf("net%d", i), "up": in}); err != nil {
		t.Fatal(err)
	}
}

// soon bounds what follows a change of the network, a lease of eight seconds to its end among it, on a busy host. Whoever passes does not wait for it.
const soon = 3 * time.Minute

// fact waits until a fact has a value.
func fact(t *testing.T, g *qemu.Guest, name string, want any) {
	t.Helper()
	mustDeclare(t, g, name)
	becomes(t, g, fmt.Sprintf("%s = %v", name, want), func(s *report.State) bool { return fmt.Sprint(s.Facts[name].Value) == fmt.Sprint(want) })
}

// state waits until a unit's state and message are as given: "failed: no carrier on lan".
func state(t *testing.T, g *qemu.Guest, name, want string) {
	t.Helper()
	becomes(t, g, name+" "+want, func(s *report.State) bool {
		e := s.Units[name]
		return strings.TrimSuffix(e.State+": "+e.Message, ": ") == want
	})
}

func becomes(t *testing.T, g *qemu.Guest, what string, yes func(*report.State) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	if err := g.Report().Until(ctx, yes); err != nil {
		t.Fatalf("waiting for %s: %v; the facts are %v", what, err, facts(g))
	}
}

// holds waits until all addresses of a link that are good beyond it lie in one network, and proves that the first of
// them is reached.
func holds(t *testing.T, g *qemu.Guest, link string, network netip.Prefix, from *lan.Host) {
	t.Helper()
	var first netip.Addr
	becomes(t, g, fmt.Sprint(link, " in ", network), func(s *report.State) bool {
		all := addresses(s, link)
		if len(all) > 0 {
			first = all[0]
		}
		return len(all) > 0 && !slices.ContainsFunc(all, func(a netip.Addr) bool { return !network.Contains(a) })
	})
	ping := from.Ping(first)
	defer ping.Stop()
	flows(t, ping)
}

// flows fails unless there is traffic, and returns its longest gap up to now.
func flows(t *testing.T, p *lan.Ping) time.Duration {
	t.Helper()
	if err := p.Answers(25, soon); err != nil {
		t.Error(err)
	}
	return p.Lap()
}

// hears waits for a question that a host is asked.
func hears(t *testing.T, h *lan.Host, what string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	if err := h.Hears(ctx, what); err != nil {
		t.Fatal(err)
	}
}

// addresses are those of a link that others than its neighbours can use.
func addresses(s *report.State, link string) (all []netip.Addr) {
	list, _ := s.Facts["link."+link+".addresses"].Value.([]any)
	for _, text := range list {
		if p, err := netip.ParsePrefix(fmt.Sprint(text)); err == nil && !p.Addr().IsLinkLocalUnicast() {
			all = append(all, p.Addr())
		}
	}
	return all
}
