package qemu_tests

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/internal/boot"
	"github.com/imgbuild/imgbuild/internal/qemu"
	"github.com/imgbuild/imgbuild/internal/report"
)

// talk goes through a dialogue on the first serial port.
func talk(t *testing.T, g *qemu.Guest, steps ...[2]string) {
	t.Helper()
	console, err := g.Console("ttyS0")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range steps {
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		_, err := console.Expect(ctx, regexp.MustCompile(s[0]))
		cancel()
		if err != nil {
			t.Fatalf("waiting for %q: %v; the units are %+v; the console shows:\n%s", s[0], err, g.Report().State().Units, console.Text())
		}
		if err := console.Send(s[1]); err != nil {
			t.Fatal(err)
		}
	}
}

// ends waits for the report's last word, lets the guest go, and returns the report.
func ends(t *testing.T, g *qemu.Guest, action, reason string) report.State {
	t.Helper()
	s := until(t, g, "the end", func(s *report.State) bool { return s.Done != nil })
	_, _ = g.Request(t.Context(), report.Request{Ack: true})
	if exit := g.Wait(); exit.Reason != reason || exit.Killed != nil {
		t.Errorf("ended with %+v, want %s", exit, reason)
	}
	if s.Done.State != action {
		t.Errorf("the report ends with %q, want %q", s.Done.State, action)
	}
	return s
}

// order is the place of each fact among the events, where it has its last value; -1 where there is none.
func order(s report.State, names ...string) []int {
	places := make([]int, len(names))
	for i, name := range names {
		places[i] = -1
		for n, e := range s.Events {
			if e.Kind == report.KindFact && e.Name == name {
				places[i] = n
			}
		}
	}
	return places
}

// Where the kernel line wants a shell after the worker's own crash, root's password opens it, and what is asked for there
// happens. The host's password counts, though no worker has lived to hear of it.
func TestWorkerPanics(t *testing.T) {
	t.Parallel()
	box := extended(t, cloud, map[string]string{})
	box.options.Append = []string{"uinit.test.panic", "uinit.panic=rescue"}
	vm, err := boot.Prepare(t.Context(), box.options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(vm.Close)
	g := startFor(t, vm.Config, 2*limit)
	talk(t, g,
		[2]string{`uinit's worker ended: panic: the kernel line asks for it[\s\S]*Password of root: $`, "wrong\r"},
		[2]string{`Login incorrect\s+Password of root: $`, vm.Password + "\r"},
		[2]string{`# $`, "echo in-$((6*7))\r"},
		[2]string{`in-42\s[\s\S]*# $`, "exit\r"},
		[2]string{`uinit's worker ended: panic: the kernel line asks for it[\s\S]*Password of root: $`, vm.Password + "\r"},
		[2]string{`# $`, "reboot\r"},
	)
	if exit := g.Wait(); exit.Reason != "guest-reset" || exit.Killed != nil {
		t.Errorf("ended with %+v", exit)
	}
	console, _ := g.Console("ttyS0")
	if strings.Contains(console.Text(), "Kernel panic") {
		t.Error("the kernel panicked")
	}
}

// threeKeys presses Ctrl-Alt-Del, which is a reboot in good order, and returns the whole report. The image needs a keyboard's modules.
func threeKeys(t *testing.T, g *qemu.Guest) report.State {
	t.Helper()
	keys := []map[string]string{}
	for _, key := range []string{"ctrl", "alt", "delete"} {
		keys = append(keys, map[string]string{"type": "qcode", "data": key})
	}
	if _, err := g.QMP(t.Context(), "send-key", map[string]any{"keys": keys}); err != nil {
		t.Fatal(err)
	}
	s := ends(t, g, "reboot", "guest-reset")
	if places := order(s, "stop.services", "stop.file_systems"); slices.Contains(places, -1) || !slices.IsSorted(places) {
		t.Errorf("services and file systems ended at places %v of the report", places)
	}
	return s
}
