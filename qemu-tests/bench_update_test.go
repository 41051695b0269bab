package qemu_tests

import (
	"fmt"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/internal/bench"
	"github.com/imgbuild/imgbuild/internal/qemu"
	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/internal/slot"
)

// How long a box is without service when it starts a version: through the firmware, and by kexec, each beside the boot alone, that is from
// the power switch on, in one run of one machine.
func TestBenchUpdate(t *testing.T) {
	b := benchmark(t)
	f := firmware{name: "BIOS", kind: qemu.BIOS}
	_, public := release(t)
	box := f.version(t, public, "1", "", nil)
	g := f.startDisk(t, box, box.disk(t), 6*limit, nil)
	boots := 0
	booted := func() {
		boots++
		until(t, g, fmt.Sprintf("boot %d", boots), func(s *report.State) bool { return hellos(s) == boots && since(s)["boot.state"] != nil })
	}
	booted()
	itRuns(t, g, "1", slot.Good)
	gap := func(begin func() error) func() (float64, error) {
		return func() (float64, error) {
			at := time.Now()
			if err := begin(); err != nil {
				return 0, err
			}
			booted()
			return time.Since(at).Seconds(), nil
		}
	}
	ask := func(words ...string) func() error {
		return func() error {
			_, _ = g.Request(t.Context(), report.Request{Command: append([]string{"uinitctl", "update", "restart"}, words...)}) // it may be gone before it answers
			return nil
		}
	}
	samples, err := bench.Interleave(3,
		gap(func() error { _, err := g.QMP(t.Context(), "system_reset", nil); return err }),
		gap(ask()), gap(ask("--kexec")))
	if err != nil {
		t.Fatal(err)
	}
	alone := bench.Median(samples[0])
	for i, how := range []string{"firmware", "kexec"} {
		took := bench.Median(samples[i+1])
		b.add(bench.Figure{Name: "without service, by " + how + ", over the boot alone", Value: took - alone, Bound: 1, Unit: "s", Note: fmt.Sprintf("%.1f s, the boot %.1f s", took, alone)})
	}
}
