package qemu_tests

import (
	"fmt"
	"net/netip"
	"os"
	"regexp"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"github.com/imgbuild/imgbuild/internal/bench"
	"github.com/imgbuild/imgbuild/internal/boot"
	"github.com/imgbuild/imgbuild/internal/qemu"
	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/qemu-tests/lan"
)

// forwardRuns is how often each side is measured, forwardTime for how long.
const (
	forwardRuns = 5
	forwardTime = 2 * time.Second
)

// flow is traffic whose packets are counted where they come out.
type flow struct {
	in, out *lan.Segment
	frame   []byte
	// answers come back from the other side, or this would be no connection yet: one for each address that it may see.
	answers [][]byte
	arrived atomic.Int64
}

// count begins to look for packets to port 9999.
func (f *flow) count() {
	f.out.Watch(func(frame []byte) {
		p := gopacket.NewPacket(frame, layers.LayerTypeEthernet, gopacket.DecodeOptions{Lazy: true, NoCopy: true})
		if udp, ok := p.Layer(layers.LayerTypeUDP).(*layers.UDP); ok && udp.DstPort == 9999 {
			f.arrived.Add(1)
		}
	})
}

// rate measures packets a second after a line in the guest has set the rules.
func (f *flow) rate(t *testing.T, g *qemu.Guest, ready string) func() (float64, error) {
	return func() (float64, error) {
		inside(t, g, ready)
		f.in.Inject(f.frame)
		for _, answer := range f.answers {
			flood(f.in, f.frame, forwardTime/8) // neighbours are found, flows are known
			f.out.Inject(answer)
		}
		flood(f.in, f.frame, forwardTime/4)
		before, begin := f.arrived.Load(), time.Now()
		flood(f.in, f.frame, forwardTime)
		return float64(f.arrived.Load()-before) / time.Since(begin).Seconds(), nil
	}
}

// compare measures what rules cost a packet that is forwarded, with them and without any, in turns in one guest.
func (f *flow) compare(t *testing.T, g *qemu.Guest, name string, bound float64, load string) bench.Figure {
	t.Helper()
	samples, err := bench.Interleave(forwardRuns, f.rate(t, g, "nft flush ruleset"), f.rate(t, g, "nft flush ruleset && "+load))
	if err != nil {
		t.Fatal(err)
	}
	share := bench.Ratio(samples[1], samples[0])
	least, most := bench.Spread(samples[1])
	return bench.Figure{Name: name, Value: 1 / share, Bound: bound, Unit: "of a rule-less guest's time",
		Note: fmt.Sprintf("%.0f packets a second (%.0f to %.0f), without rules %.0f: %.0f %%", bench.Median(samples[1]), least, most, bench.Median(samples[0]), 100*share)}
}

// Packets that the routed firewall forwards.
func TestBenchForwarding(t *testing.T) {
	b := benchmark(t)
	box := built(t, written(t, "extends = \"firewall\"\n"+small, map[string]string{}))
	wan, inner, dmz := segment(t), segment(t), segment(t)
	provider := wan.Host(1, addr("203.0.113.1"))
	client := inner.Host(2, addr("192.168.77.10"))
	provider.DHCP4().Lend(netip.MustParsePrefix("203.0.113.20/24"), time.Hour)
	floor := reaches(t, box)
	begin := time.Now()
	g := box.on(t, &wire{Segment: wan}, &wire{Segment: inner}, &wire{Segment: dmz})
	becomes(t, g, "rules in force", func(s *report.State) bool { return s.Units["filter"].State == "ok" })
	ruled := time.Since(begin)
	becomes(t, g, "a booted box", isBooted)
	becomes(t, g, "an address from the provider", func(s *report.State) bool { return len(addresses(s, "wan")) > 0 })
	f := &flow{in: inner, out: wan, frame: packet{from: client.MAC, to: mac(1), source: addr("192.168.77.10"), target: addr("203.0.113.1"), sport: 5000, dport: 9999, udp: true,
		payload: string(make([]byte, 1000))}.frame()}
	for _, to := range []string{"192.168.77.10", "203.0.113.20"} { // without NAT, and with it
		f.answers = append(f.answers, packet{from: provider.MAC, to: mac(0), source: addr("203.0.113.1"), target: addr(to), sport: 9999, dport: 5000, udp: true}.frame())
	}
	f.count()
	b.add(f.compare(t, g, "what rules cost a forwarded packet", 1/0.9,
		"nft -f /etc/nftables.nft && for d in wan lan dmz; do nft add flowtable inet filter fast \"{ devices = { $d }; }\"; done"))
	if flows := inside(t, g, "cat /proc/net/nf_conntrack 2>/dev/null | grep OFFLOAD; nft list flowtables"); flows != "" {
		t.Log(flows)
	}
	s := off(t, g)
	memory, _ := s.Facts["memory.used_bytes"].Value.(float64)
	info, err := os.Stat(box.options.Initrd)
	if err != nil {
		t.Fatal(err)
	}
	b.add(bench.Figure{Name: "firewall: QEMU's start to rules in force", Value: ruled.Seconds() / floor.Seconds(), Unit: "of the floor's",
		Note: fmt.Sprintf("%.2f s, an init that does nothing %.2f s; by the guest's clock %.2f s", ruled.Seconds(), floor.Seconds(), unitAt(t, s, "filter", "ok").Uptime)})
	b.add(bench.Figure{Name: "firewall: memory in use after boot", Value: memory / 1e6, Unit: "MB"})
	b.add(bench.Figure{Name: "firewall: initramfs, cloud kernel", Value: float64(info.Size()) / 1e6, Bound: 25, Unit: "MB"})
}

// reaches is how long the appliance's kernel takes to an init that does nothing.
func reaches(t *testing.T, a appliance) time.Duration {
	t.Helper()
	vm, err := boot.Prepare(t.Context(), a.options)
	if err != nil {
		t.Fatal(err)
	}
	defer vm.Close()
	vm.Config.Initrd = floorInitrd(t)
	begin := time.Now()
	g := start(t, vm.Config)
	defer g.Kill()
	console, err := g.Console("ttyS0")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := console.Expect(t.Context(), regexp.MustCompile(floorLine)); err != nil {
		t.Fatal(err)
	}
	return time.Since(begin)
}

// flood sends a frame as fast as the guest takes it.
func flood(s *lan.Segment, frame []byte, d time.Duration) {
	for end := time.Now().Add(d); time.Now().Before(end); {
		for range 32 {
			s.Inject(frame)
		}
	}
}
