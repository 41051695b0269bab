package qemu_tests

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/internal/boot"
	"github.com/imgbuild/imgbuild/internal/qemu"
	"github.com/imgbuild/imgbuild/internal/report"
)

// Guests without anything to start from, which hear no power button: their disks lie on a mirror that the host made, they start
// in their order and within their limits, are started again or not, are switched off when their time is over, and none
// starts while the host goes down.
func TestGuestsWithoutOS(t *testing.T) {
	t.Parallel()
	text := "extends = \"hypervisor\"\n" + cloud + `
[array.data]
level  = "raid1"
create = true
match  = { members = ["serial=d0", "serial=d1"] }
[mount."/srv/vm"]
source  = "array:data"
create  = true
timeout = "2m"
[boot]
unit_timeout = "2m"
`
	for i, name := range []string{"first", "second"} {
		text += fmt.Sprintf(`
[vm.%[1]s]
memory       = "32M"
autostart    = true
order        = %[2]d
stop_timeout = "%[4]s"
memory_max   = "192M"
cpu          = 1.5
restart      = "%[3]s"
[vm.%[1]s.disk.root]
path   = "/srv/vm/%[1]s.img"
create = true
size   = "8M"
`, name, i+1, []string{"on-failure", "never"}[i], []string{"3s", "8s"}[i]) // the second's end is long enough for a question meanwhile
	}
	vm, err := boot.Prepare(t.Context(), built(t, written(t, text, map[string]string{})).options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(vm.Close)
	dir := t.TempDir()
	for _, id := range []string{"d0", "d1"} {
		vm.Config.Disks = append(vm.Config.Disks, qemu.Disk{ID: id, Path: blank(t, dir, id), Bus: qemu.SCSI})
	}
	g := start(t, vm.Config)
	s := until(t, g, "the guests", func(s *report.State) bool {
		return s.Units["vm:first"].State == "ok" && s.Units["vm:second"].State == "ok"
	})
	second := slices.IndexFunc(s.Events, func(e report.Event) bool { return e.Name == "vm.second.state" && e.Value == "starting" })
	if first := unitAt(t, s, "vm:first", "ok").Uptime; second < 0 || s.Events[second].Uptime < first {
		t.Errorf("the second guest started at event %d, the first was up at %v s", second, first)
	}
	for _, tt := range []struct{ line, want string }{
		{"cd /sys/fs/cgroup/work/guests/first; cat memory.max cpu.max pids.max", fmt.Sprintf("%d\n150000 100000\n129", 192<<20)},
		{"while read -r device dir rest; do [[ $dir == /srv/vm ]] && echo $device; done </proc/mounts; wc -c </srv/vm/first.img", "/dev/md*\n*8388608"},
		// The policy of the second one says never.
		{"kill -9 $(< /sys/fs/cgroup/work/guests/second/cgroup.procs); exec 9<> <(:); until uinitctl vm | grep -q 'second *failed'; do read -rt 0.2 -u 9; done; uinitctl vm list | grep second", "second*failed*32M*1*yes*0"},
		{"uinitctl vm start second", "GUEST*second*running*"},
	} {
		if got := inside(t, g, tt.line); !like(tt.want, got) {
			t.Errorf("%s prints\n%s\nwant %s", tt.line, got, tt.want)
		}
	}
	begin := time.Now()
	if got := inside(t, g, "uinitctl vm stop first"); !like("GUEST*first*stopped*", got) {
		t.Errorf("stopping prints\n%s", got)
	}
	if took := time.Since(begin); took < 3*time.Second {
		t.Errorf("a guest that hears no button had 3 s and was gone after %v", took)
	}

	// On the way down the second one is waited for; nobody else may come up meanwhile.
	if _, err := g.Request(t.Context(), report.Request{Power: "poweroff"}); err != nil {
		t.Fatal(err)
	}
	until(t, g, "the second guest's end", func(s *report.State) bool { return s.Facts["vm.second.state"].Value == "stopping" })
	reply, err := g.Request(t.Context(), report.Request{Command: []string{"/bin/bash", "-c", "uinitctl vm start first 2>&1"}})
	if err != nil || reply.Exit == nil || *reply.Exit != 1 {
		t.Errorf("starting a guest on the way down: %+v, %v", reply, err)
	}
	s = ends(t, g, "poweroff", "guest-shutdown")
	// Its last run was the one that was stopped by hand.
	if e := s.Facts["vm.first.state"]; e.Value != "stopped" {
		t.Errorf("the first guest is %v in the end", e.Value)
	}
}
