package qemu_tests

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/imgbuild/imgbuild/internal/boot"
	"github.com/imgbuild/imgbuild/internal/report"
)

// A day in the life of a box where much goes wrong, in one boot: somebody looks around before it comes up,
// a unit panics, a service never gets going, orphans and quick children are many, and at the power button
// a service does not want to leave.
func TestFaults(t *testing.T) {
	t.Parallel()
	box := extended(t, cloud+`
[image]
overlays = ["headless", "files"]
[user.root]
# "correct horse"
password_hash = "$6$saltsalt$hRM5XZ86KXEw9UOmjigeVqFgULtFB2sgpC9lXQDfMib3Zgw7mEiUvBJI2EplzfAqxL5Vvwp2scFtv/uamSo5z0"
[access]
host_password = false
[boot]
unit_timeout = "3s"
[run.disk.data]
filesystem = "ext4"
label      = "data"
[mount."/data"]
source  = "LABEL=data"
type    = "ext4"
timeout = "30s"
[service.hangs]
command = ["/bin/sleep", "1000"]
ready   = { file = "/run/never", timeout = "8s" }
writable = ["/run"]
memory  = "64M"
pids    = 8
cpu     = 0.5
[service.quits]
command       = ["/bin/bash", "-c", "echo about to quit; exit 7"]
restart       = "on-failure"
restart_delay = "100ms"
restart_limit = 5
[service.stubborn]
command = ["/usr/bin/stubborn"]
needs   = ["mount:/data"]
writable = ["/data"]
stop_timeout = "1s"
`, map[string]string{
		"files/usr/bin/stubborn": "#!/bin/bash\ntrap '' TERM\nexec > /data/open\nwhile :; do sleep 1000; done\n",
	})
	box.options.Append = []string{"uinit.rescue", "uinit.test.panic=sysctl"}
	vm, err := boot.Prepare(t.Context(), box.options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(vm.Close)
	g := start(t, vm.Config) // it starts some 100 programs
	talk(t, g,
		[2]string{`Password of root: $`, "wrong\r"},
		[2]string{`Login incorrect\s+Password of root: $`, "correct horse\r"},
		[2]string{`# $`, "echo in-$((6*7))\r"},
		[2]string{`in-42\s[\s\S]*# $`, "exit\r"},
		[2]string{`login: $`, ""},
	)
	s := until(t, g, "the end of the boot", isBooted)
	if e := unitAt(t, s, "sysctl", "failed"); !strings.Contains(e.Message, "panic") {
		t.Errorf("the unit that panics says %q", e.Message)
	}
	if s.Boot.State != "degraded" {
		t.Errorf("the boot is %s", s.Boot.State)
	}
	until(t, g, "the service's failure", func(s *report.State) bool { return s.Units["service:hangs"].State == "failed" })
	until(t, g, "the disk's service", func(s *report.State) bool { return s.Units["service:stubborn"].State == "ok" })
	// Orphans, of a shell that is gone, end at any time meanwhile.
	inside(t, g, "exec 9<> <(:); for i in {1..40}; do ({ read -rt $((i / 20)).$((i % 10)) -u 9; : >/run/ended.$i; } &) >/dev/null 2>&1; done")
	began := time.Now()
	var children errgroup.Group
	children.SetLimit(8) // at a time
	many := 24
	if full() {
		many = 64
	}
	for want := range many {
		children.Go(func() error {
			reply, err := g.Request(t.Context(), report.Request{Command: []string{"/bin/bash", "-c", fmt.Sprintf("exit %d", want)}})
			if err != nil || reply.Exit == nil || *reply.Exit != want {
				t.Errorf("a command that exits with %d: %+v, %v", want, reply, err)
			}
			return nil
		})
	}
	_ = children.Wait()
	t.Logf("%d children took %v", many, time.Since(began).Round(time.Millisecond))
	// Who has just ended may be seen before it is reaped: a zombie that is left would be there for ever.
	if got := inside(t, g, `exec 9<> <(:); zombies() { n=0; for f in /proc/[0-9]*/stat; do read -r s 2>/dev/null <$f && [[ $s == *") Z "* ]] && ((n++)); done; ((n)); }
set -- /run/ended.*; while (($# < 40)) || zombies; do read -rt 0.1 -u 9; set -- /run/ended.*; done; echo none`); got != "none" {
		t.Errorf("zombies are left: %q", got)
	}

	limits := "cd /sys/fs/cgroup/work/services/hangs && echo $(<memory.max) $(<pids.max) $(<cpu.max)"
	if got := inside(t, g, limits); got != "67108864 8 50000 100000" {
		t.Errorf("the limits are %s", got)
	}
	if got := inside(t, g, "uinitctl restart stubborn >/dev/null; uinitctl stop stubborn"); !strings.HasPrefix(got, "service:stubborn ") || !strings.Contains(got, "stopped") {
		t.Errorf("stopped: %q", got)
	}
	inside(t, g, "uinitctl start stubborn")

	if _, err := g.QMP(t.Context(), "system_powerdown", nil); err != nil {
		t.Fatal(err)
	}
	s = ends(t, g, "poweroff", "guest-shutdown")
	places := order(s, "service.stubborn.state", "stop.services", "stop.processes", "stop.file_systems")
	if slices.Contains(places, -1) || !slices.IsSorted(places) {
		t.Errorf("services, processes and file systems ended at places %v of the report", places)
	}
	said := g.Consoles()[0].Text()
	if took, _ := s.Facts["stop.services"].Value.(float64); took < 1 || !strings.Contains(said, "stubborn did not end within 1s (") {
		t.Errorf("services took %.1f s to stop, want the second that one is given; the console shows\n%s", took, said)
	}
	if state := s.Facts["service.stubborn.state"].Value; state != "stopped" {
		t.Errorf("the stubborn service is %v", state)
	}
	// On a busy machine it may not have been at once.
	if e := unitAt(t, s, "service:quits", "failed"); e.Message != "ended 3 times in a row at once: exit status 7" && e.Message != "restarted 5 times within 10m0s, last: exit status 7" {
		t.Errorf("the service that quits says %q", e.Message)
	}
	if f := facts(g); f["service.quits.state"] != "failed" || f["service.quits.exit"] != "exit status 7" || f["service.quits.restarts"] != 5.0 {
		t.Errorf("the service that quits: %v, %v, restarted %v times", f["service.quits.state"], f["service.quits.exit"], f["service.quits.restarts"])
	}
	// On a busy machine it is late before it has been started, too.
	if !slices.ContainsFunc(s.Events, func(e report.Event) bool {
		return e.Name == "service:hangs" && e.State == "late" && strings.HasPrefix(e.Message, "waiting: file /run/never")
	}) {
		t.Errorf("the late service first says %q", unitAt(t, s, "service:hangs", "late").Message)
	}
	e := unitAt(t, s, "service:hangs", "failed")
	if e.Message != "not ready within 8s: waiting for file /run/never" {
		t.Errorf("the service that never gets ready says %q", e.Message)
	}
	if prompt := unitAt(t, s, "console:ttyS0", "ok"); prompt.Uptime >= e.Uptime {
		t.Errorf("the prompt came at %.2f s, and at %.2f s the service ceased to wait", prompt.Uptime, e.Uptime)
	}
}
