package qemu_tests

import (
	"fmt"
	"regexp"
	"testing"
)

func TestConsoleAndReport(t *testing.T) {
	t.Parallel()
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
