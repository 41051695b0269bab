package qemu_tests

import (
	"testing"

	"github.com/imgbuild/imgbuild/build/oci/ocitest"
	"github.com/imgbuild/imgbuild/internal/boot"
	"github.com/imgbuild/imgbuild/internal/qemu"
	"github.com/imgbuild/imgbuild/internal/report"
)

// A system's root on a logical volume: its file system is made, what the system fills is its own volume and nothing else, and at the next boot
// all of it is there.
func TestContainerOnVolume(t *testing.T) {
	t.Parallel()
	long(t)
	box := extended(t, cloud+`
[packages.bash]
[container.sys]
image       = "`+ocitest.Busybox(t, map[string]string{"etc/inittab": "::sysinit:/bin/sh -c \"echo boot >>/boots\"\n::respawn:/bin/sleep 1000\n"})+`:busybox"
user        = "root"
system      = true
command     = ["/bin/init"]
root        = { path = "lvm:made/sys" }
stop_signal = "USR2"
[boot]
unit_timeout = "20s"
`, map[string]string{})
	disk := blank(t, t.TempDir(), "disk")
	boots := func() *qemu.Guest {
		vm, err := boot.Prepare(t.Context(), box.options)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(vm.Close)
		vm.Config.Disks = append(vm.Config.Disks, qemu.Disk{ID: "disk", Path: disk})
		return start(t, vm.Config)
	}
	g := boots()
	until(t, g, "the lack of a volume", func(s *report.State) bool { return s.Units["container:sys"].State == "late" })
	inside(t, g, `set -e; mkdir -p /run/lock/lvm; modprobe dm_mod
l() { verb=$1; shift; lvm $verb --config 'activation { udev_sync=0 udev_rules=0 monitoring=0 } devices { obtain_device_list_from_udev=0 external_device_info_source="none" use_devicesfile=0 }' -qq "$@"; }
l pvcreate /dev/vda; l vgcreate made /dev/vda; l lvcreate -Wn -y -L 24M -n sys made`)
	until(t, g, "the system", func(s *report.State) bool { return s.Units["container:sys"].State == "ok" })
	for _, tt := range []struct{ line, want string }{
		{"uinitctl container exec sys cat /boots", "boot"},
		{"uinitctl container exec sys dd if=/dev/zero of=/fill bs=64k 2>&1", "*No space left on device*"},
		{"uinitctl container exec sys sh -c 'rm /fill; echo again >/room; cat /room'", "again"},
		{"uinitctl container stop sys | tail -1; grep -c made-sys /proc/mounts; :", "sys*stopped*0"},
	} {
		if got := inside(t, g, "("+tt.line+") || :"); !like(tt.want, got) {
			t.Errorf("%s prints\n%s\nwant %s", tt.line, got, tt.want)
		}
	}
	if _, err := g.Request(t.Context(), report.Request{Power: "poweroff"}); err != nil {
		t.Fatal(err)
	}
	ends(t, g, "poweroff", "guest-shutdown")
	g = boots()
	until(t, g, "the system once more", func(s *report.State) bool { return s.Units["container:sys"].State == "ok" })
	if got := inside(t, g, "uinitctl container exec sys cat /boots /room"); got != "boot\nboot\nagain" {
		t.Errorf("it kept %q", got)
	}
}
