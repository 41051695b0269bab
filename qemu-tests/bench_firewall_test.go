package qemu_tests

import (
	"fmt"
	"net/netip"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"github.com/imgbuild/imgbuild/internal/bench"
	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/qemu-tests/lan"
)

// forwardRuns is how often each side is measured, forwardTime for how long.
const (
	forwardRuns = 10
	forwardTime = 2 * time.Second
)

// Packets that the routed firewall forwards, with its rules and without any, in turns in one guest.
func TestBenchForwarding(t *testing.T) {
	b := benchmark(t)
	box := built(t, written(t, "extends = \"firewall\"\n"+small, map[string]string{}))
	wan, inner, dmz := segment(t), segment(t), segment(t)
	provider := wan.Host(1, addr("203.0.113.1"))
	client := inner.Host(2, addr("192.168.77.10"))
	provider.DHCP4().Lend(netip.MustParsePrefix("203.0.113.20/24"), time.Hour)
	var arrived atomic.Int64
	wan.Watch(func(frame []byte) {
		p := gopacket.NewPacket(frame, layers.LayerTypeEthernet, gopacket.DecodeOptions{Lazy: true, NoCopy: true})
		if udp, ok := p.Layer(layers.LayerTypeUDP).(*layers.UDP); ok && udp.DstPort == 9999 {
			arrived.Add(1)
		}
	})
	g := box.on(t, &wire{Segment: wan}, &wire{Segment: inner}, &wire{Segment: dmz})
	becomes(t, g, "a booted box", isBooted)
	becomes(t, g, "an address from the provider", func(s *report.State) bool { return len(addresses(s, "wan")) > 0 })
	frame := packet{from: client.MAC, to: mac(1), source: addr("192.168.77.10"), target: addr("203.0.113.1"), sport: 5000, dport: 9999, udp: true,
		payload: string(make([]byte, 1000))}.frame()
	rate := func(ready string) func() (float64, error) {
		return func() (float64, error) {
			inside(t, g, ready)
			flood(inner, frame, forwardTime/4) // neighbours are found, flows are known
			before, begin := arrived.Load(), time.Now()
			flood(inner, frame, forwardTime)
			return float64(arrived.Load()-before) / time.Since(begin).Seconds(), nil
		}
	}
	samples, err := bench.Interleave(forwardRuns, rate("nft flush ruleset"), rate("nft -f /etc/nftables.nft"))
	if err != nil {
		t.Fatal(err)
	}
	share := bench.Ratio(samples[1], samples[0])
	least, most := bench.Spread(samples[1])
	b.add(bench.Figure{Name: "what rules cost a forwarded packet", Value: 1 / share, Bound: 1 / 0.9, Unit: "of a rule-less guest's time",
		Note: fmt.Sprintf("%.0f packets a second (%.0f to %.0f), without rules %.0f: %.0f %%", bench.Median(samples[1]), least, most, bench.Median(samples[0]), 100*share)})
	s := off(t, g)
	memory, _ := s.Facts["memory.used_bytes"].Value.(float64)
	info, err := os.Stat(box.options.Initrd)
	if err != nil {
		t.Fatal(err)
	}
	b.add(bench.Figure{Name: "firewall: kernel's start to rules in force", Value: unitAt(t, s, "filter", "ok").Uptime, Unit: "s"})
	b.add(bench.Figure{Name: "firewall: memory in use after boot", Value: memory / 1e6, Unit: "MB"})
	b.add(bench.Figure{Name: "firewall: initramfs, cloud kernel", Value: float64(info.Size()) / 1e6, Bound: 25, Unit: "MB"})
}

// flood sends a frame as fast as the guest takes it.
func flood(s *lan.Segment, frame []byte, d time.Duration) {
	for end := time.Now().Add(d); time.Now().Before(end); {
		for range 32 {
			s.Inject(frame)
		}
	}
}
