package qemu_tests

import (
	"context"
	"fmt"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/internal/bench"
	"github.com/imgbuild/imgbuild/internal/boot"
	"github.com/imgbuild/imgbuild/internal/qemu"
	"github.com/imgbuild/imgbuild/internal/report"
)

// bootRuns is how often each guest boots.
const bootRuns = 10

// The boot until DHCP is done and an ext4 disk is mounted, beside the same kernel with the same
// command line and devices, and an init that does nothing.
func TestBenchBoot(t *testing.T) {
	b := benchmark(t)
	for _, kernel := range []struct {
		name  string
		bound float64
	}{{"cloud", 1.5}, {"generic", 0}} {
		a := built(t, "testdata/bench-"+kernel.name+".toml")
		vm, err := boot.Prepare(t.Context(), a.options)
		if err != nil {
			t.Fatal(err)
		}
		defer vm.Close()
		floor := vm.Config
		floor.Initrd = floorInitrd(t)
		var all []booted
		samples, err := bench.Interleave(bootRuns,
			func() (float64, error) { return floorBoot(t.Context(), floor) },
			func() (float64, error) {
				r, err := applianceBoot(t.Context(), vm.Config)
				all = append(all, r)
				return r.ready.Seconds(), err
			})
		if err != nil {
			t.Fatal(err)
		}
		var prompts, used, seconds []float64
		for _, r := range all {
			prompts = append(prompts, r.prompt.Seconds()/r.ready.Seconds())
			used = append(used, r.memory/1e6)
			seconds = append(seconds, r.seconds)
		}
		least, most := bench.Spread(samples[1])
		b.add(bench.Figure{
			Name: "boot to address and disk, " + kernel.name + " kernel", Value: bench.Ratio(samples[1], samples[0]), Bound: kernel.bound,
			Unit: "of the floor's CPU", Note: fmt.Sprintf("%.2f CPU s (%.2f to %.2f), floor %.2f", bench.Median(samples[1]), least, most, bench.Median(samples[0])),
		})
		b.add(bench.Figure{Name: "login prompt, " + kernel.name + " kernel", Value: bench.Median(prompts), Bound: 1, Unit: "of that"})
		b.add(bench.Figure{Name: "guest's clock then, " + kernel.name + " kernel", Value: bench.Median(seconds), Unit: "s"})
		b.add(bench.Figure{Name: "memory in use after boot, " + kernel.name + " kernel", Value: bench.Median(used), Unit: "MB"})
	}
}

// floorBoot returns the CPU seconds until the init runs.
func floorBoot(ctx context.Context, c qemu.Config) (float64, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	g, err := qemu.Start(ctx, c)
	if err != nil {
		return 0, err
	}
	defer g.Kill()
	if _, err := g.Consoles()[0].Expect(ctx, regexp.MustCompile(floorLine)); err != nil {
		return 0, fmt.Errorf("booting the floor: %w", err)
	}
	cpu, err := g.CPU()
	return cpu.Seconds(), err
}

// booted is what a boot took: QEMU's CPU until the address and the disk were there, and until the
// login prompt; the guest's clock at the former in seconds; memory in use once settled, in bytes.
type booted struct {
	ready, prompt   time.Duration
	seconds, memory float64
}

func applianceBoot(ctx context.Context, c qemu.Config) (r booted, err error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	g, err := qemu.Start(ctx, c)
	if err != nil {
		return r, err
	}
	defer g.Kill()
	var prompt sync.WaitGroup
	var promptErr error
	prompt.Go(func() {
		if _, promptErr = g.Consoles()[0].Expect(ctx, regexp.MustCompile(`login: $`)); promptErr == nil {
			r.prompt, promptErr = g.CPU()
		}
	})
	if err := g.Report().Until(ctx, func(s *report.State) bool {
		online, data := s.Units["online:lan"], s.Units["mount:/data"]
		r.seconds = max(online.Uptime, data.Uptime)
		return online.State == "ok" && data.State == "ok"
	}); err != nil {
		return r, fmt.Errorf("waiting for the address and the disk: %w", err)
	}
	if r.ready, err = g.CPU(); err != nil {
		return r, err
	}
	prompt.Wait()
	if promptErr != nil {
		return r, fmt.Errorf("waiting for the login prompt: %w", promptErr)
	}
	if err := g.Report().Until(ctx, func(s *report.State) bool {
		r.memory, _ = s.Facts["memory.used_bytes"].Value.(float64)
		return s.Boot != nil
	}); err != nil {
		return r, fmt.Errorf("waiting for the end of the boot: %w", err)
	}
	return r, nil
}
