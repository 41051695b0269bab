package qemu_tests

import (
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/internal/boot"
	"github.com/imgbuild/imgbuild/internal/report"
)

// File systems of every kind come up by label, UUID and volume after the power failed; one that is damaged
// beyond what can be repaired without asking is not mounted.
func TestMounts(t *testing.T) {
	t.Parallel()
	a := extended(t, `
[kernel]
package = "linux-image-cloud-amd64"
[packages.btrfs-progs]
files = ["/usr/sbin/mkfs.btrfs"]
[packages.xfsprogs]
files = ["/sbin/mkfs.xfs"]
[packages.e2fsprogs]
files = ["/sbin/mke2fs"]
[mount."/ext4"]
source = "LABEL=ext"
type   = "ext4"
fsck   = "preen"
[mount."/bad"]
source = "LABEL=bad"
type   = "ext4"
fsck   = "preen"
nofail = true
[mount."/xfs"]
source = "LABEL=xfs"
type   = "xfs"
nofail = true
[mount."/vfat"]
source = "LABEL=FAT"
type   = "vfat"
fsck   = "preen"
[mount."/btrfs"]
source = "UUID=01234567-89ab-cdef-0123-456789abcdef"
type   = "btrfs"
nofail = true
[mount."/volume"]
source = "lvm:vg0/srv"
type   = "ext4"
fsck   = "preen"
nofail = true
[mount."/made"]
source = "/dev/vdg"
type   = "ext4"
create = true
[mount."/kept"]
source  = "/dev/vdh"
type    = "ext4"
create  = true
nofail  = true
[run.disk.g]
[run.disk.h]
filesystem = "vfat"
[run.disk.a]
filesystem = "ext4"
label      = "ext"
[run.disk.b]
filesystem = "ext4"
label      = "bad"
[run.disk.c]
size = "320M"
[run.disk.d]
filesystem = "vfat"
label      = "FAT"
[run.disk.e]
size = "160M"
[run.disk.f]
`, map[string]string{})
	vm, err := boot.Prepare(t.Context(), a.options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(vm.Close)
	mounted := func(s *report.State, targets ...string) bool {
		for _, target := range targets {
			if s.Units["mount:/"+target].State != "ok" {
				return false
			}
		}
		return true
	}
	g := start(t, vm.Config)
	until(t, g, "the mounts", func(s *report.State) bool { return mounted(s, "ext4", "bad", "vfat", "made") })
	inside(t, g, `set -e
mkfs.xfs -q -L xfs /dev/vdc; mkdir -p /xfs; mount -t xfs /dev/vdc /xfs
for d in ext4 xfs vfat made; do echo $d > /$d/file; done
umount /bad; dd if=/dev/urandom of=/dev/vdb bs=4096 seek=1 count=800 2>/dev/null
mkfs.btrfs -q -U 01234567-89ab-cdef-0123-456789abcdef /dev/vde
mkdir -p /run/lock/lvm
c='activation { udev_sync=0 udev_rules=0 monitoring=0 } devices { obtain_device_list_from_udev=0 external_device_info_source="none" use_devicesfile=0 }'
modprobe dm_mod
l() { verb=$1; shift; lvm $verb --config "$c" -qq "$@"; }
l pvcreate /dev/vdf; l vgcreate new /dev/vdf; l lvcreate -Wn -y -L 40M -n srv new
mke2fs -q -t ext4 /dev/new/srv; l vgchange -an new; l vgrename new vg0
sync; sync`)
	g.Kill()

	g = start(t, vm.Config)
	t.Cleanup(func() {
		for name, u := range g.Report().State().Units {
			if t.Failed() && strings.HasPrefix(name, "mount:") {
				t.Logf("%s %s %s", name, u.State, u.Message)
			}
		}
	})
	s := until(t, g, "the mounts", func(s *report.State) bool {
		return mounted(s, "ext4", "xfs", "vfat", "btrfs", "volume", "made") && s.Units["mount:/bad"].State == "failed" && s.Units["mount:/kept"].State == "failed"
	})
	if e := s.Units["mount:/bad"]; !strings.Contains(e.Message, "not mounting /bad: /sbin/e2fsck") {
		t.Errorf("the damaged one says %q", e.Message)
	}
	if e := s.Units["mount:/kept"]; !strings.Contains(e.Message, "is not blank") {
		t.Errorf("the disk that holds something else: %+v", e)
	}
	for _, d := range []string{"ext4", "xfs", "vfat", "made"} {
		if got := inside(t, g, "cat /"+d+"/file"); got != d {
			t.Errorf("/%s/file holds %q", d, got)
		}
	}
	s = off(t, g)
	if places := order(s, "stop.file_systems", "stop.volumes"); places[0] < 0 || places[1] < places[0] {
		t.Errorf("file systems and volumes ended at places %v", places)
	}
}
