package main

import (
	"slices"
	"testing"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/base/plan"
	"github.com/imgbuild/imgbuild/uinit/cmdline"
	"github.com/imgbuild/imgbuild/uinit/feature/featuretest"
)

func TestPast(t *testing.T) {
	for _, p := range []past{{}, {Crashes: 2, Reason: "panic: \"no\"\x00"}, {NoRescue: "nobody gets in: root has no password"}} {
		if got := parsePast([]string{p.String()}); got != p {
			t.Errorf("%+v is read back as %+v", p, got)
		}
	}
	for _, args := range [][]string{nil, {"{"}, {"{}", "{}"}} {
		if got := parsePast(args); got != (past{}) {
			t.Errorf("%q reads as %+v", args, got)
		}
	}
}

// What was before a worker stands above the login prompt, and the boot is not called sound.
func TestPastIsShown(t *testing.T) {
	for name, tt := range map[string]struct {
		past  past
		lines []string
		state string
	}{
		"nothing":   {past{}, nil, "ok"},
		"one crash": {past{Crashes: 1, Reason: "killed by SIGKILL"}, []string{"uinit degraded: uinit crashed, restarted: killed by SIGKILL"}, "degraded"},
		"two": {past{Crashes: 2, Reason: "panic: x"}, []string{
			"uinit degraded: uinit crashed, restarted, 2 times; the last time: panic: x"}, "degraded"},
		"no shell": {past{NoRescue: "nobody gets in: root has no password"}, []string{
			"rescue failed: no shell: nobody gets in: root has no password"}, "degraded"},
	} {
		w := &worker{Deps: featuretest.Deps(t, spec.Machine{})}
		tt.past.tell(w)
		if got := w.Facts.Troubles(); !slices.Equal(got, tt.lines) {
			t.Errorf("%s: %q, want %q", name, got, tt.lines)
		}
		if got := w.Facts.Settle(plan.BootState); got != tt.state {
			t.Errorf("%s: the boot is %s, want %s", name, got, tt.state)
		}
	}
}

func TestAsksForRescue(t *testing.T) {
	for line, want := range map[string]bool{
		"console=ttyS0 uinit.rescue": true, "single": true, "quiet S": true, "1": true,
		"console=ttyS0": false, "s": false, "init=1": false, "11": false, "-- 1": true,
	} {
		if got := asksForRescue(cmdline.Parse(line)); got != want {
			t.Errorf("%q asks for a rescue shell: %v, want %v", line, got, want)
		}
	}
}
