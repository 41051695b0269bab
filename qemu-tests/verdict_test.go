package qemu_tests

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/internal/boot"
	"github.com/imgbuild/imgbuild/internal/check"
	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/qemu"
	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// machine boots the init in guest/ the way "imgbuild run" and "imgbuild test" boot an image.
func machine(t *testing.T, behaviour string, timeout time.Duration) *boot.Machine {
	t.Helper()
	c := guest(t, behaviour)
	m, err := boot.Prepare(t.Context(), boot.Options{
		Kernel: c.Kernel, Initrd: c.Initrd, Cmdline: "console=ttyS0 quiet guest=" + behaviour, Accel: qemu.AccelTCG,
		Run: profile.Run{Memory: c.Memory, Timeout: spec.Duration(timeout)}, Desk: behaviour == "echo",
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	return m
}

// A panic, a hang, an early power-off and a reset are told apart by what a real kernel
// and QEMU leave behind.
func TestVerdicts(t *testing.T) {
	t.Parallel()
	for behaviour, test := range map[string]struct {
		limit   time.Duration
		verdict check.Verdict
	}{
		"panic":    {limit, check.Panic},
		"poweroff": {limit, check.EarlyPowerOff},
		"reset":    {limit, check.Reset},
		"hang":     {20 * time.Second, check.Hang}, // time to get that far on a busy machine
	} {
		t.Run(behaviour, func(t *testing.T) {
			m := machine(t, behaviour, test.limit)
			var said []report.Event
			m.Reported = func(events []report.Event) { said = events }
			r, err := m.Test(t.Context(), map[string]check.Check{"login": {Console: "ttyS0", Expect: "login: $"}}, nil)
			if err != nil {
				t.Fatal(err)
			}
			if r.Verdict != test.verdict || r.Passed() || len(r.Checks) != 1 || r.Checks[0].Passed || len(r.Console) == 0 {
				var table bytes.Buffer
				check.WriteTable(&table, r, false)
				t.Errorf("want %s:\n%s", test.verdict, table.String())
			}
			// A panic is an orderly reset to the machine: only the console tells.
			if got := strings.HasPrefix(r.Message, "Kernel panic - not syncing: "); got != (behaviour == "panic") {
				t.Errorf("panic seen: %v: %q", got, r.Message)
			}
			if len(said) != 0 {
				t.Errorf("reported %+v", said)
			}
			if r.CPU <= 0 || r.Took <= 0 {
				t.Errorf("%g CPU s in %g s", r.CPU, r.Took)
			}
			t.Logf("%s: %s after %.1f s", r.Verdict, r.Message, r.Took)
		})
	}
}

func TestUntil(t *testing.T) {
	t.Parallel()
	t.Run("seen", func(t *testing.T) {
		var out bytes.Buffer
		if err := machine(t, "hang", limit).Until(t.Context(), regexp.MustCompile("guest does hang"), 0, &out); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(out.String(), "guest does hang") {
			t.Errorf("copied %q", out.String())
		}
	})
	t.Run("guest ends", func(t *testing.T) {
		err := machine(t, "poweroff", limit).Until(t.Context(), regexp.MustCompile("login:"), 0, io.Discard)
		var until *boot.UntilError
		if !errors.As(err, &until) || until.Why != "the guest ended first (guest-shutdown)" {
			t.Errorf("Until = %v", err)
		}
	})
	t.Run("time is over", func(t *testing.T) {
		err := machine(t, "hang", limit).Until(t.Context(), regexp.MustCompile("login:"), 5*time.Second, io.Discard)
		var until *boot.UntilError
		if !errors.As(err, &until) || until.Why != "not within 5s" {
			t.Errorf("Until = %v", err)
		}
	})
}
