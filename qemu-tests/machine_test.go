package qemu_tests

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

func TestConsoleAndReport(t *testing.T) {
	config := guest(t, "ask")
	config.ReportSerial = true
	g := start(t, config)
	console, err := g.Console("ttyS0")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := console.Expect(t.Context(), regexp.MustCompile(`name: $`)); err != nil {
		t.Fatal(err)
	}
	if err := console.Send("Ada\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := console.Expect(t.Context(), regexp.MustCompile(`hello Ada!`)); err != nil {
		t.Fatal(err)
	}
	exit := g.Wait()
	if exit.Reason != "guest-shutdown" || exit.Status != 0 || exit.Killed != nil {
		t.Errorf("ended with %+v", exit)
	}
	s := g.Report().State()
	if s.Done == nil || s.Units["ask"].State != "ok" || s.Facts["answer"].Value != 42.0 || s.Broken != 0 {
		t.Errorf("reported %+v", s)
	}
	// The kernel made one file of two names.
	if got := fmt.Sprint(s.Facts["names"].Value); got != "[true 2 2 both]" {
		t.Errorf("hard links: %s", got)
	}
	t.Logf("%.2f CPU s, %.2f s", exit.CPU.Seconds(), exit.Took.Seconds())
}

func TestEndings(t *testing.T) {
	for behaviour, reason := range map[string]string{"panic": "guest-reset", "poweroff": "guest-shutdown", "reset": "guest-reset"} {
		t.Run(behaviour, func(t *testing.T) {
			g := start(t, guest(t, behaviour))
			exit := g.Wait()
			if exit.Reason != reason || exit.Killed != nil {
				t.Errorf("ended with %+v, want %s", exit, reason)
			}
			console, _ := g.Console("ttyS0")
			if got := strings.Contains(console.Text(), "Kernel panic - not syncing: "); got != (behaviour == "panic") {
				t.Errorf("panic seen: %v", got)
			}
			if s := g.Report().State(); s.Done != nil || len(s.Events) != 0 {
				t.Errorf("reported %+v", s)
			}
		})
	}
}
