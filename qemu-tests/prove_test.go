package qemu_tests

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/internal/check"
	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/profiles"
)

// A box proves its version by those of its checks that are for it, which change nothing, and says which version it is.
func TestProve(t *testing.T) {
	t.Parallel()
	a := extended(t, "version = \"2026.49\"\n"+cloud+`
[update]
keys = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHKEMkZB1Y/bE0VwOHcpFq5mDFjJFt4dUX7BzVfM8nqL you@desk"]
[image]
commands = ["inherited", "prove"]
[service.web]
command = ["/bin/sleep", "1000000"]
user    = "web"
[user.web]
[check.web]
unit   = "service:web"
on_box = true
within = "10s"
[check.writes]
command = ["sh", "-c", "mkdir /run/new /tmp/new /root/new; echo off > /sys/module/printk/parameters/time; echo 1 > /proc/sys/kernel/sysrq; ls -d /run/new /tmp/new /root/new"]
exit    = 1
on_box  = true
[check.never]
fact   = "link.lan.mtu"
equals = 1
`, map[string]string{})
	g := a.boots(t)
	until(t, g, "the address", func(s *report.State) bool { return s.Boot != nil && s.Units["online:lan"].State == "ok" })
	fact(t, g, "version", "2026.49")
	prints(t, g, `. /etc/os-release; echo "$IMAGE_ID $IMAGE_VERSION"`, "box 2026.49")
	if _, err := g.Consoles()[0].Expect(t.Context(), regexp.MustCompile(`(?s)version +2026\.49\n.*login: $`)); err != nil {
		t.Errorf("above the prompt: %v", err)
	}

	const ask = "prove -json; echo $?"
	proved := func() (results map[string]check.Result, status string) {
		t.Helper()
		lines := strings.Split(inside(t, g, ask), "\n")
		results = map[string]check.Result{}
		for _, line := range lines[:len(lines)-1] {
			var r check.Result
			if err := json.Unmarshal([]byte(line), &r); err != nil {
				t.Fatalf("%v: %q", err, line)
			}
			results[r.Name] = r
		}
		return results, lines[len(lines)-1]
	}
	results, status := proved()
	for _, name := range []string{"network", "rights", "kernel", "web", "writes"} {
		if !results[name].Passed {
			t.Errorf("%s: %+v", name, results[name])
		}
	}
	if len(results) != 5 || status != "0" {
		t.Errorf("status %s of %v", status, results)
	}
	prints(t, g, "mkdir /run/new && rmdir /run/new && echo elsewhere all is as it was", "elsewhere all is as it was")

	inside(t, g, "uinitctl stop web")
	if results, status := proved(); results["web"].Passed || results["web"].Message == "" || !results["network"].Passed || status != "1" {
		t.Errorf("without the service: status %s of %+v", status, results)
	}
}

// What shipped profiles mark as a proof holds on a box of theirs, asked as a box asks itself.
func TestProofsOfShippedProfiles(t *testing.T) {
	t.Parallel()
	long(t)
	for _, name := range profile.Names(profiles.FS) {
		a := extendedFrom(t, name, `
[update]
keys = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHKEMkZB1Y/bE0VwOHcpFq5mDFjJFt4dUX7BzVfM8nqL you@desk"]
[image]
commands = ["inherited", "prove"]
`, map[string]string{})
		g := a.boots(t)
		until(t, g, "the boot", isBooted)
		reply, err := g.Request(t.Context(), report.Request{Command: []string{"prove"}, Timeout: limit.Seconds()})
		if err != nil || reply.Exit == nil || *reply.Exit != 0 {
			t.Errorf("%s: %+v, %v", name, reply, err)
		}
		g.Kill()
		<-g.Exited()
	}
}
