package qemu_tests

import (
	"strings"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/internal/boot"
	"github.com/imgbuild/imgbuild/internal/report"
)

// Rows that call one disk by two names pass "check", and whoever comes second is told who was first: a guest whose disk
// is mounted or an array's, a target whose disk is mounted, a guest whose file another guest has, and a person at mount(8).
// When the first is gone, the second gets it.
func TestTwoWriters(t *testing.T) {
	a := built(t, written(t, "extends = \"hypervisor\"\n"+cloud+`
[array.made]
level  = "raid1"
create = true
match  = { members = ["serial=b", "serial=c"] }
[mount."/data"]
source = "LABEL=data"
type   = "ext4"
[mount."/more"]
source = "LABEL=more"
type   = "ext4"
[share.iscsi.more]
target     = "iqn.2026-01.example.nas:more"
source     = "/dev/vdd"
initiators = ["iqn.2026-01.example.client"]
[vm.mounted]
memory    = "32M"
autostart = true
restart   = "never"
needs     = ["mount:/data"]
[vm.mounted.disk.root]
path = "/dev/vda"
[vm.member]
memory    = "32M"
autostart = true
restart   = "never"
needs     = ["array:made"]
[vm.member.disk.root]
path = "/dev/vdb"
[vm.first]
memory       = "32M"
autostart    = true
stop_timeout = "1s"
[vm.first.disk.root]
path   = "/srv/vm/first.img"
create = true
size   = "8M"
[vm.first.disk.whole]
path = "/dev/vde"
[vm.second]
memory       = "32M"
restart      = "never"
stop_timeout = "1s"
[vm.second.disk.root]
path = "/srv/vm/link.img"
[run.disk.a]
filesystem = "ext4"
label      = "data"
[run.disk.b]
[run.disk.c]
[run.disk.d]
filesystem = "ext4"
label      = "more"
[run.disk.e]
filesystem = "ext4"
label      = "guest"
`, map[string]string{}))
	vm, err := boot.Prepare(t.Context(), a.options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(vm.Close)
	g := startFor(t, vm.Config, 6*time.Minute)
	s := until(t, g, "those who come second", func(s *report.State) bool {
		for _, unit := range []string{"vm:mounted", "vm:member", "share:iscsi", "mount:/more"} {
			if state := s.Units[unit].State; state != "failed" && state != "ok" {
				return false
			}
		}
		return true
	})
	want := map[string]string{"vm:mounted": "vda is mounted on /data", "vm:member": "vdb is a member of the md array md_made", "share:iscsi": "vdd is mounted on /more"}
	if s.Units["mount:/more"].State == "failed" { // of these two, whichever was faster
		delete(want, "share:iscsi")
		want["mount:/more"] = "vdd is what share.iscsi.more offers"
	}
	for unit, why := range want {
		if e := s.Units[unit]; e.State != "failed" || !strings.Contains(e.Message, why) {
			t.Errorf("%s is %s: %q, want %q", unit, e.State, e.Message, why)
		}
	}
	until(t, g, "the guest", func(s *report.State) bool { return s.Units["vm:first"].State == "ok" })
	for _, tt := range []struct{ line, want string }{
		{"mkdir /mnt2; mount -t ext4 /dev/vde /mnt2 2>&1", "*busy*"},
		{"ln -s first.img /srv/vm/link.img; uinitctl vm start second 2>&1", "*/srv/vm/first.img is a disk of the guest first*"},
		{"uinitctl vm stop first", "GUEST*first*stopped*"},
		{"uinitctl vm start second", "GUEST*second*running*"},
		{"mount -t ext4 /dev/vde /mnt2; uinitctl vm start first 2>&1", "*vde is mounted on /mnt2*"},
	} {
		if got := inside(t, g, tt.line+"; true"); !like(tt.want, got) {
			t.Errorf("%s prints\n%s\nwant %s", tt.line, got, tt.want)
		}
	}
	off(t, g)
}
