package qemu_tests

import (
	"fmt"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/internal/bench"
	"github.com/imgbuild/imgbuild/internal/boot"
	"github.com/imgbuild/imgbuild/internal/qemu"
	"github.com/imgbuild/imgbuild/qemu-tests/lan"
)

// bridgeRuns is how often each part is measured, bridgePackets with how many packets.
const (
	bridgeRuns    = 3
	bridgePackets = 40000
)

// What a bridged packet costs with the rules of the firewall in the wire, and with parts of them, beside the same bridge without rules:
// in time of a guest whose clock counts its instructions, for on a busy host packets a second say nothing. Connection
// tracking alone costs more than the bound leaves (docs/firewall.md).
func TestBenchForwardingBridge(t *testing.T) {
	b := benchmark(t)
	vm, err := boot.Prepare(t.Context(), built(t, written(t, "extends = \"firewall-bridge\"\n"+small, map[string]string{})).options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(vm.Close)
	left, right := segment(t), segment(t)
	vm.Config.NICs = nil
	for _, s := range []*lan.Segment{left, right} {
		cable, err := s.Cable()
		if err != nil {
			t.Fatal(err)
		}
		vm.Config.NICs = append(vm.Config.NICs, qemu.NIC{Backend: cable})
	}
	vm.Config.Extra = []string{"-icount", "shift=3,sleep=off"} // 8 ns for each instruction, and none while it waits
	a, z := addr("192.0.2.1"), addr("192.0.2.2")
	outer, inner := left.Host(1, a), right.Host(2, z)
	g := startFor(t, vm.Config, 4*time.Minute)
	until(t, g, "a booted box", isBooted)
	f := &flow{in: right, out: left,
		frame:   packet{from: inner.MAC, to: outer.MAC, source: z, target: a, sport: 5000, dport: 9999, udp: true, payload: string(make([]byte, 1000))}.frame(),
		answers: [][]byte{packet{from: outer.MAC, to: inner.MAC, source: a, target: z, sport: 9999, dport: 5000, udp: true}.frame()}}
	f.count()
	const chain = "table bridge filter {\n chain forward {\n  type filter hook forward priority filter; policy accept;\n }\n"
	parts := []struct {
		name, rules string
		bound       float64
	}{
		{"nothing", "", 0},
		{"an empty chain", "nft -f - <<< '" + chain + "}'", 0},
		{"connection tracking", "nft -f - <<< '" + chain + " chain never {\n  ct state established accept\n }\n}'", 0},
		{"the rules", "nft -f /etc/nftables.nft", 1 / 0.9},
	}
	var measures []func() (float64, error)
	for _, part := range parts {
		measures = append(measures, func() (float64, error) {
			inside(t, g, "nft flush ruleset; "+part.rules)
			f.pass(t, 10)
			f.out.Inject(f.answers[0])
			f.pass(t, 1000)
			before := busy(t, g)
			asking := busy(t, g) - before
			before = busy(t, g)
			f.pass(t, bridgePackets)
			return (busy(t, g) - before - asking) / bridgePackets, nil
		})
	}
	samples, err := bench.Interleave(bridgeRuns, measures...)
	if err != nil {
		t.Fatal(err)
	}
	for i, part := range parts[1:] {
		least, most := bench.Spread(samples[i+1])
		const instruction = 8e-9
		b.add(bench.Figure{Name: "what " + part.name + " cost a bridged packet", Value: bench.Ratio(samples[i+1], samples[0]), Bound: part.bound, Unit: "of a rule-less guest's time",
			Note: fmt.Sprintf("%.0f instructions (%.0f to %.0f), without rules %.0f", bench.Median(samples[i+1])/instruction, least/instruction, most/instruction, bench.Median(samples[0])/instruction)})
	}
	off(t, g)
}

// pass sends packets and waits until all are through, or no more come.
func (f *flow) pass(t *testing.T, n int) {
	t.Helper()
	want := f.arrived.Load() + int64(n)
	for range n {
		f.in.Inject(f.frame)
	}
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for limit := time.Now().Add(soon); f.arrived.Load() < want-int64(n)/1000; <-tick.C {
		if time.Now().After(limit) {
			t.Fatalf("of %d packets %d are missing", n, want-f.arrived.Load())
		}
	}
}

// busy is how long the guest's processor has worked, in seconds (proc(5), uptime).
func busy(t *testing.T, g *qemu.Guest) float64 {
	t.Helper()
	var up, idle float64
	if _, err := fmt.Sscan(inside(t, g, "cat /proc/uptime"), &up, &idle); err != nil {
		t.Fatal(err)
	}
	return up - idle
}
