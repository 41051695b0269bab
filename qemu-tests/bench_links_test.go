package qemu_tests

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/internal/bench"
	"github.com/imgbuild/imgbuild/internal/boot"
	"github.com/imgbuild/imgbuild/internal/qemu"
	"github.com/imgbuild/imgbuild/internal/report"
)

// Four cards, each with its lease, until all units are up; and what uinit then holds in memory.
func TestBenchLinks(t *testing.T) {
	b := benchmark(t)
	a := built(t, "testdata/bench-four.toml")
	vm, err := boot.Prepare(t.Context(), a.options)
	if err != nil {
		t.Fatal(err)
	}
	defer vm.Close()
	floor := vm.Config
	floor.Initrd = floorInitrd(t)
	var settled, resident []float64
	samples, err := bench.Interleave(bootRuns,
		func() (float64, error) { return floorBoot(t.Context(), floor) },
		func() (float64, error) {
			r, err := allUp(t.Context(), vm.Config)
			settled, resident = append(settled, r.seconds), append(resident, r.resident)
			return r.cpu, err
		})
	if err != nil {
		t.Fatal(err)
	}
	// Waiting takes no CPU time, so what protocols wait for stands beside it, by the guest's clock.
	b.add(bench.Figure{
		Name: "all units up, four cards and DHCP", Value: bench.Ratio(samples[1], samples[0]), Bound: 1.6, Unit: "of the floor's CPU",
		Note: fmt.Sprintf("%.2f CPU s, floor %.2f; guest's clock then %.1f s, waits included",
			bench.Median(samples[1]), bench.Median(samples[0]), bench.Median(settled)),
	})
	b.add(bench.Figure{Name: "uinit, resident at rest", Value: bench.Median(resident) / 1e6, Bound: 30, Unit: "MB", Note: "all its processes, pages they share once"})
	size := fileSize(t, vm.Config.Initrd, "init")
	b.add(bench.Figure{Name: "uinit without extras, stripped", Value: float64(size) / 1e6, Bound: 6, Unit: "MB"})
}

// The login prompt of a box whose card no server answers, beside that of a box without a card.
func TestBenchPrompt(t *testing.T) {
	b := benchmark(t)
	a := built(t, "testdata/bench-cloud.toml")
	vm, err := boot.Prepare(t.Context(), a.options)
	if err != nil {
		t.Fatal(err)
	}
	defer vm.Close()
	bare, silent := vm.Config, vm.Config
	bare.NICs = nil
	silent.NICs = []qemu.NIC{{Backend: "hubport,hubid=0"}} // nobody else is on that hub
	samples, err := bench.Interleave(bootRuns,
		func() (float64, error) { return promptBoot(t.Context(), bare) },
		func() (float64, error) { return promptBoot(t.Context(), silent) })
	if err != nil {
		t.Fatal(err)
	}
	// By the clock, for a wait takes no CPU time. The fifth is what the card's driver takes of the one
	// processor, and noise; the shortest wait for a server would be more.
	b.add(bench.Figure{
		Name: "login prompt without an answer by DHCP", Value: bench.Ratio(samples[1], samples[0]), Bound: 1.2, Unit: "of that without a card",
		Note: fmt.Sprintf("%.2f s, without %.2f", bench.Median(samples[1]), bench.Median(samples[0])),
	})
}

// settledBoot is a boot until all units are up: QEMU's CPU seconds, the guest's clock, and what uinit holds, in bytes.
type settledBoot struct{ cpu, seconds, resident float64 }

func allUp(ctx context.Context, c qemu.Config) (r settledBoot, err error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	g, err := qemu.Start(ctx, c)
	if err != nil {
		return r, err
	}
	defer g.Kill()
	var state string
	if err := g.Report().Until(ctx, func(s *report.State) bool {
		if s.Boot != nil {
			state, r.seconds = s.Boot.State, s.Boot.Uptime
		}
		return s.Boot != nil
	}); err != nil {
		return r, fmt.Errorf("waiting for all units: %w", err)
	}
	if state != "ok" {
		return r, fmt.Errorf("the boot ended %s", state)
	}
	cpu, err := g.CPU()
	if err != nil {
		return r, err
	}
	r.cpu = cpu.Seconds()
	if _, err := g.Consoles()[0].Expect(ctx, regexp.MustCompile(`login: $`)); err != nil {
		return r, err
	}
	r.resident, err = resident(ctx, g)
	return r, err
}

// resident sums up the proportional set sizes (proc(5), smaps_rollup) of uinit's processes, in bytes.
func resident(ctx context.Context, g *qemu.Guest) (float64, error) {
	reply, err := g.Request(ctx, report.Request{Command: []string{"sh", "-c",
		`for p in /proc/[0-9]*; do if [ "$(readlink $p/exe)" = /init ]; then grep ^Pss: $p/smaps_rollup; fi; done`}})
	if err != nil {
		return 0, err
	}
	total, processes := 0.0, 0
	for line := range strings.Lines(reply.Output) {
		f := strings.Fields(line)
		if i := slices.Index(f, "kB"); i > 0 {
			kb, err := strconv.ParseFloat(f[i-1], 64)
			if err != nil {
				return 0, err
			}
			total, processes = total+kb*1024, processes+1
		}
	}
	if processes < 3 { // PID 1, the worker, a getty
		return 0, fmt.Errorf("%d processes of uinit in %q", processes, reply.Output)
	}
	return total, nil
}

// promptBoot returns the seconds until the login prompt, by the host's clock.
func promptBoot(ctx context.Context, c qemu.Config) (float64, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	g, err := qemu.Start(ctx, c)
	if err != nil {
		return 0, err
	}
	defer g.Kill()
	if _, err := g.Consoles()[0].Expect(ctx, regexp.MustCompile(`login: $`)); err != nil {
		return 0, fmt.Errorf("waiting for the login prompt: %w", err)
	}
	return time.Since(g.Started()).Seconds(), nil
}
