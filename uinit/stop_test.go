package main

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/nettest"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/feature"
	"github.com/imgbuild/imgbuild/uinit/feature/featuretest"
	"github.com/imgbuild/imgbuild/uinit/power"
	"github.com/imgbuild/imgbuild/uinit/virtioport"
)

// leg is a step of the way down without its work.
type leg struct {
	phase feature.Phase
	name  string
	limit time.Duration
}

// What ends when, and how long it may take: guests before what they stand on, then clients, services, what the next boot is to
// find, whatever still runs, the log, and storage from above to below; the watchdog last.
func TestWayDown(t *testing.T) {
	w := &worker{Deps: featuretest.Deps(t, spec.Machine{
		Boot: spec.Boot{StopTimeout: spec.Duration(42 * time.Second)},
		VM:   map[string]spec.VM{"a": {StopTimeout: spec.Duration(time.Minute)}, "b": {Order: 1, StopTimeout: spec.Duration(time.Second)}},
	})}
	w.link()
	want := []leg{
		{feature.Guests, "vms", 71 * time.Second},
		{feature.Shares, "shares", 5 * time.Second},
		{feature.Services, "services", 42 * time.Second},
		{feature.State, "seed", 2 * time.Second},
		{feature.State, "time", 2 * time.Second},
		{feature.Record, "crash record", 2 * time.Second},
		{feature.Processes, "processes", 5 * time.Second},
		{feature.Log, "log", 4 * time.Second},
		{feature.FileSystems, "file systems", 10 * time.Second},
		{feature.Volumes, "volumes", 5 * time.Second},
		{feature.Arrays, "arrays", 5 * time.Second},
		{feature.Watchdog, "watchdog", 2 * time.Second},
	}
	var got []leg
	for _, s := range w.way() {
		got = append(got, leg{s.Phase, s.Name, s.Limit})
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%v\nwant\n%v", got, want)
	}
	phases := []feature.Phase{feature.Guests, feature.Shares, feature.Services, feature.State, feature.Record, feature.Processes, feature.Log, feature.FileSystems, feature.Volumes, feature.Arrays, feature.Watchdog}
	if !slices.IsSorted(phases) {
		t.Errorf("the phases are not in their order: %d", phases)
	}
	steps := w.stopSteps(power.Halt)
	if last := steps[len(steps)-1]; len(steps) != len(want)+1 || last.Name != "report" || last.Limit != 2*time.Second {
		t.Errorf("%d steps, the last %q within %v; want %d, the report within 2s", len(steps), last.Name, last.Limit, len(want)+1)
	}
	if fileSystems.Name != "file systems" || fileSystems.Limit != 5*time.Second {
		t.Errorf("PID 1 alone: %q within %v", fileSystems.Name, fileSystems.Limit)
	}
}

// ending is a feature with steps of the way down.
type ending []feature.Stop

func (ending) Step(string) feature.Step { return feature.Step{} }

func (e ending) Stops() []feature.Stop { return e }

// leaving does something when it is told that the run ends.
type leaving func()

func (leaving) Step(string) feature.Step { return feature.Step{} }

func (l leaving) Leaving() { l() }

// Features are told before a word is said of it; PID 1 is told how long the way down may take before it begins; a step that fails keeps no other from being taken; how long each
// took is a fact of those that did their work.
func TestStop(t *testing.T) {
	if !nettest.Within(t, time.Minute, syscall.CLONE_NEWUSER|syscall.CLONE_NEWNS) {
		return
	}
	if err := errors.Join(unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""), unix.Mount("tmpfs", "/run", "tmpfs", 0, "")); err != nil {
		t.Fatal(err)
	}
	var did []string
	step := func(name string, err error) power.Step {
		return power.Step{Name: name, Limit: time.Minute, Do: func(context.Context) error {
			if did = append(did, name); power.Limit() != 2*time.Minute+7*time.Second {
				t.Errorf("at %s the limit is %v", name, power.Limit())
			}
			return err
		}}
	}
	w := &worker{Deps: featuretest.Deps(t, spec.Machine{}), host: virtioport.Host{Reporter: &virtioport.Reporter{}, Control: &virtioport.Control{}}}
	w.host.Deps = w.Deps
	var said bytes.Buffer
	w.Log = slog.New(slog.NewTextHandler(&said, nil))
	leave := leaving(func() {
		if did = append(did, "leaving"); said.Len() > 0 {
			t.Errorf("before features were told it said %s", &said)
		}
	})
	w.features = []running{{Feature: leave}, {Feature: ending{{Phase: feature.Arrays, Step: step("the last", nil)}, {Phase: feature.Guests, Step: step("first", errors.New("no"))}}}}
	w.stop(power.Reboot)
	if !slices.Equal(did, []string{"leaving", "first", "the last"}) || !strings.Contains(said.String(), "going down: reboot") {
		t.Errorf("it did %q and said %s", did, &said)
	}
	for name, want := range map[string]bool{"stop.first": false, "stop.the_last": true} {
		if got := featuretest.Fact(w.Deps, name) != nil; got != want {
			t.Errorf("%s is known: %v", name, got)
		}
	}
	if b, err := os.ReadFile("/run/uinit-stop-limit"); string(b) != "127\n" {
		t.Errorf("%q, %v", b, err)
	}
}
