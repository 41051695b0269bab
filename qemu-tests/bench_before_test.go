package qemu_tests

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/internal/bench"
	"github.com/imgbuild/imgbuild/internal/boot"
	"github.com/imgbuild/imgbuild/internal/qemu"
	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/profiles"
)

// envBefore names the commit that the code is measured beside: make bench BEFORE=v1.2.0. A change that is to cost no more
// than so much is held to that in one run on one machine.
const envBefore = "IMGBUILD_BENCH_BEFORE"

// What a change costs headless: a rebuild after a line of the profile, a boot, the size of the init. The bound is on processor
// time: a machine that does something else besides stretches the other by more than any change.
func TestBenchBefore(t *testing.T) {
	b := benchmark(t)
	commit := os.Getenv(envBefore)
	if commit == "" {
		t.Skip("nothing to measure beside: make bench BEFORE=COMMIT names it")
	}
	// As many as it takes for the median of the ratios to be steadier than the bound is tight.
	const rebuilds, boots, bound = 31, 16, 1.03
	before, now := twoTrees(t, commit)

	line := 0
	wall := map[*workshop][]float64{}
	rebuild := func(w *workshop) func() (float64, error) {
		return func() (float64, error) {
			line++
			w.write("box.toml", fmt.Sprintf("extends = \"headless\"\nhostname = \"box%d\"\n", line))
			took := w.imgbuild("build", "box.toml")
			wall[w] = append(wall[w], took.Wall.Seconds())
			return took.CPU.Seconds(), nil
		}
	}
	for _, w := range []*workshop{before, now} {
		w.imgbuild("build", "box.toml")
	}
	samples, err := bench.Interleave(rebuilds, rebuild(before), rebuild(now))
	if err != nil {
		t.Fatal(err)
	}
	b.add(bench.Figure{
		Name: "rebuild after a line of the profile", Value: bench.Ratio(samples[1], samples[0]), Bound: bound, Unit: "of the CPU at " + commit,
		Note: fmt.Sprintf("%.3f CPU s, before %.3f; in all %.3f s, before %.3f", bench.Median(samples[1]), bench.Median(samples[0]), bench.Median(wall[now]), bench.Median(wall[before])),
	})

	a := built(t, "headless")
	if samples, err = bench.Interleave(boots, a.costs(t, before, "box", nil), a.costs(t, now, "box", nil)); err != nil {
		t.Fatal(err)
	}
	b.add(bench.Figure{
		Name: "boot", Value: bench.Ratio(samples[1], samples[0]), Bound: bound, Unit: "of the CPU at " + commit,
		Note: fmt.Sprintf("%.2f CPU s, before %.2f", bench.Median(samples[1]), bench.Median(samples[0])),
	})
	size := func(w *workshop) float64 {
		return float64(fileSize(t, filepath.Join(w.dir, "out/box/box-initrd.img"), "init")) / 1e6
	}
	b.add(bench.Figure{Name: "uinit of headless, stripped", Value: size(now), Bound: uinitBound, Unit: "MB", Note: fmt.Sprintf("before %.2f MB", size(before))})
}

// What a change costs each shipped profile as it boots: the processor's time, and the memory that is in use then. It takes minutes
// for each; "-run TestBenchProfilesBefore/nas" takes one.
func TestBenchProfilesBefore(t *testing.T) {
	if os.Getenv(envBefore) == "" {
		t.Skip("nothing to measure beside: make bench BEFORE=COMMIT names it")
	}
	shipped, err := profiles.FS.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range shipped {
		if name, ok := strings.CutSuffix(entry.Name(), ".toml"); ok {
			t.Run(name, func(t *testing.T) { benchProfile(t, name, os.Getenv(envBefore)) })
		}
	}
}

func benchProfile(t *testing.T, name, commit string) {
	b := benchmark(t)
	const boots, bound = 5, 1.05
	before, now := twoTrees(t, commit)
	a := built(t, name)
	used := map[*workshop][]float64{}
	for _, w := range []*workshop{before, now} {
		w.imgbuild("build", name)
	}
	samples, err := bench.Interleave(boots, a.costs(t, before, name, used), a.costs(t, now, name, used))
	if err != nil {
		t.Fatal(err)
	}
	b.add(bench.Figure{
		Name: name + ": boot", Value: bench.Ratio(samples[1], samples[0]), Bound: bound, Unit: "of the CPU at " + commit,
		Note: fmt.Sprintf("%.2f CPU s, before %.2f", bench.Median(samples[1]), bench.Median(samples[0])),
	})
	memory, was := bench.Median(used[now]), bench.Median(used[before])
	b.add(bench.Figure{Name: name + ": memory after boot", Value: memory / was, Bound: bound, Unit: "of that at " + commit, Note: fmt.Sprintf("%.1f MB, before %.1f", memory/1e6, was/1e6)})
}

// twoTrees are workshops of two trees: that of a commit, and this one.
func twoTrees(t *testing.T, commit string) (before, now *workshop) {
	t.Helper()
	before, now = newWorkshop(t), newWorkshop(t)
	before.must(exec.Command("git", "-C", before.dir, "checkout", "-q", commit))
	compile := exec.Command("go", "build", "-o", before.program, "./cmd/imgbuild")
	compile.Dir = before.dir
	before.must(compile)
	return before, now
}

// costs boots what a workshop has built, with the appliance's hardware, and returns the processor's time; memory gets what is in use then.
func (a appliance) costs(t *testing.T, w *workshop, name string, memory map[*workshop][]float64) func() (float64, error) {
	t.Helper()
	vm := a.prepared(t, w, name)
	return func() (float64, error) {
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		defer cancel()
		g, err := qemu.Start(ctx, vm.Config)
		if err != nil {
			return 0, err
		}
		defer g.Kill()
		var bytes float64
		if err := g.Report().Until(ctx, func(s *report.State) bool {
			bytes, _ = s.Facts["memory.used_bytes"].Value.(float64)
			return s.Boot != nil && (memory == nil || bytes > 0)
		}); err != nil {
			return 0, fmt.Errorf("waiting for the end of the boot: %w", err)
		}
		if memory != nil {
			memory[w] = append(memory[w], bytes)
		}
		used, err := g.CPU()
		return used.Seconds(), err
	}
}

// prepared is the appliance's hardware with what a workshop has built.
func (a appliance) prepared(t *testing.T, w *workshop, name string) *boot.Machine {
	t.Helper()
	dir := filepath.Join(w.dir, "out", name, name)
	cmdline, err := os.ReadFile(dir + "-cmdline")
	if err != nil {
		t.Fatal(err)
	}
	o := a.options
	o.Kernel, o.Initrd, o.Cmdline = dir+"-kernel", dir+"-initrd.img", strings.TrimSpace(string(cmdline))
	vm, err := boot.Prepare(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(vm.Close)
	return vm
}
