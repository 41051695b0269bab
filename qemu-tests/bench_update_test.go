package qemu_tests

import (
	"fmt"
	"strings"
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
	// Until the first step of the way down is done all serve: what kexec is to start is read and loaded meanwhile.
	ask := func(words ...string) func() (float64, error) {
		return func() (float64, error) {
			go func() { // it may be gone before it answers
				_, _ = g.Request(t.Context(), report.Request{Command: append([]string{"uinitctl", "update", "restart"}, words...)})
			}()
			until(t, g, "the way down", func(s *report.State) bool { return steps(s) > 0 })
			down := time.Now()
			booted()
			return time.Since(down).Seconds(), nil
		}
	}
	samples, err := bench.Interleave(3,
		func() (float64, error) {
			at := time.Now()
			if _, err := g.QMP(t.Context(), "system_reset", nil); err != nil {
				return 0, err
			}
			booted()
			return time.Since(at).Seconds(), nil
		},
		ask(), ask("--kexec"))
	if err != nil {
		t.Fatal(err)
	}
	alone := bench.Median(samples[0])
	for i, how := range []string{"firmware", "kexec"} {
		took := bench.Median(samples[i+1])
		b.add(bench.Figure{Name: "without service, by " + how + ", over the boot alone", Value: took - alone, Bound: 1, Unit: "s", Note: fmt.Sprintf("%.1f s, the boot %.1f s", took, alone)})
	}
}

// steps counts the steps of the way down that the boot which runs has taken.
func steps(s *report.State) (n int) {
	for name := range since(s) {
		if strings.HasPrefix(name, "stop.") {
			n++
		}
	}
	return n
}
