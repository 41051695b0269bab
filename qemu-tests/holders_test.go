package qemu_tests

import (
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/internal/boot"
	"github.com/imgbuild/imgbuild/internal/report"
)

// Rows that call one disk by two names pass "check", and whoever comes second is told who was first: a guest whose disk
// is mounted, an array's, another guest's or offered by iSCSI, and a person at mount(8).
// When the first is gone, the second gets it.
func TestTwoWriters(t *testing.T) {
	t.Parallel()
	long(t)
	a := built(t, written(t, "extends = \"hypervisor\"\n"+cloud+`
[array.made]
level  = "raid1"
create = true
match  = { members = ["serial=b", "serial=c"] }
[mount."/data"]
source = "LABEL=data"
type   = "ext4"
[share.iscsi.more]
target     = "iqn.2026-01.example.nas:more"
source     = "/srv/vm/more.img"
size       = "8M"
initiators = ["iqn.2026-01.example.client"]
insecure   = true
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
restart      = "never"
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
[vm.third]
memory  = "32M"
restart = "never"
[vm.third.disk.root]
path = "/srv/vm/more-link.img"
[vm.fourth]
memory  = "32M"
restart = "never"
[vm.fourth.disk.root]
path = "/dev/vdd"
[run.disk.a]
filesystem = "ext4"
label      = "data"
[run.disk.b]
[run.disk.c]
[run.disk.d]
[run.disk.e]
filesystem = "ext4"
label      = "guest"
`, map[string]string{}))
	vm, err := boot.Prepare(t.Context(), a.options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(vm.Close)
	g := startFor(t, vm.Config, 3*limit)
	for unit, want := range map[string]string{"vm:mounted": "vda is mounted on /data", "vm:member": "/dev/vdb carries the superblock of an array that runs as /dev/md_made"} {
		s := until(t, g, unit, func(s *report.State) bool { return s.Units[unit].State == "failed" || s.Units[unit].State == "ok" })
		if e := s.Units[unit]; e.State != "failed" || !strings.Contains(e.Message, want) {
			t.Errorf("%s is %s: %q, want %q", unit, e.State, e.Message, want)
		}
	}
	until(t, g, "the guest and the target", func(s *report.State) bool {
		return s.Units["vm:first"].State == "ok" && s.Units["share:iscsi"].State == "ok"
	})
	for _, tt := range []struct{ line, want string }{
		{"mkdir /mnt2; mount -t ext4 /dev/vde /mnt2 2>&1", "*busy*"},
		{"ln /srv/vm/first.img /srv/vm/link.img; uinitctl vm start second 2>&1", "*/srv/vm/link.img: it is in use*"},
		{"uinitctl vm stop first", "GUEST*first*stopped*"},
		{"uinitctl vm start second", "GUEST*second*running*"},
		{"uinitctl vm start first 2>&1", "*/srv/vm/first.img: it is in use*"},
		{"uinitctl vm stop second; mount -t ext4 /dev/vde /mnt2; uinitctl vm start first 2>&1", "*vde is mounted on /mnt2*"},
		{"ln /srv/vm/more.img /srv/vm/more-link.img; uinitctl vm start third 2>&1", "*/srv/vm/more-link.img: it is in use*"},
		{"d=/sys/kernel/config/target/core/iblock_0/hand; mkdir -p $d; echo udev_path=/dev/vdd >$d/control; echo 1 >$d/enable; uinitctl vm start fourth 2>&1", "*vdd is what share.iscsi.hand offers*"},
	} {
		if got := inside(t, g, tt.line+"; true"); !like(tt.want, got) {
			t.Errorf("%s prints\n%s\nwant %s", tt.line, got, tt.want)
		}
	}
	off(t, g)
}
