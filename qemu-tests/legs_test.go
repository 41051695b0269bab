package qemu_tests

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/internal/boot"
	"github.com/imgbuild/imgbuild/internal/qemu"
	"github.com/imgbuild/imgbuild/internal/report"
)

// legs is a box with two mirrors of whole disks, which have partitions inside, and with halves of what firmware made.
const legs = `
[kernel]
package = "linux-image-cloud-amd64"
drivers = ["virtio", "scsi"]
modules = ["ext4"]
[image]
overlays = ["headless", "files"]
[packages.e2fsprogs]
files = ["/sbin/mke2fs"]
[packages.fdisk]
files = ["/sbin/sfdisk"]
[array.new]
level = "raid1"
start_degraded_after = "10m"
[array.old]
level = "raid1"
match = { members = ["serial=o0", "serial=o1"] }
start_degraded_after = "3s"
[mount."/new"]
source  = "LABEL=new"
type    = "ext4"
timeout = "8s"
[mount."/old"]
source  = "LABEL=old"
type    = "ext4"
timeout = "8s"
[mount."/volume"]
source  = "lvm:vg0/srv"
type    = "ext4"
timeout = "8s"
[mount."/via"]
source  = "LABEL=via"
type    = "ext4"
nofail  = true
timeout = "8s"
[mount."/isw"]
source  = "LABEL=isw"
type    = "ext4"
nofail  = true
timeout = "8s"
`

// With one disk of a mirror there, nothing on it is used by itself: no partition, no volume; whichever disk comes late. Nor is
// a disk of an array that firmware made, which the greeting names. A disk whose array runs joins it where that is safe, and else it
// is named.
func TestLegsAreLeftAlone(t *testing.T) {
	t.Parallel()
	a := extended(t, legs, map[string]string{"files/usr/bin/await": string(compiled(t, "./await"))})
	vm, err := boot.Prepare(t.Context(), a.options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(vm.Close)
	dir := t.TempDir()
	paths := map[string]string{"via": viaHalf(t, dir), "isw": iswHalf(t, dir)}
	others := vm.Config.Disks
	disks := func(ids ...string) []qemu.Disk {
		list := slices.Clone(others)
		for _, id := range ids {
			list = append(list, qemu.Disk{ID: id, Path: paths[id], Bus: qemu.SCSI})
		}
		return list
	}
	for _, id := range []string{"n0", "n1", "n2", "o0", "o1"} {
		paths[id] = blank(t, dir, id)
	}
	mounted := func(s *report.State, targets ...string) bool {
		return !slices.ContainsFunc(targets, func(target string) bool { return s.Units["mount:"+target].State != "ok" })
	}

	vm.Config.Disks = disks("n0", "n1", "n2", "o0", "o1")
	g := startFor(t, vm.Config, 3*limit)
	until(t, g, "the drivers", func(s *report.State) bool { return s.Units["coldplug"].State == "ok" })
	// By hand, and so the units of the arrays have nothing to do with them yet; the kernel ends them clean.
	inside(t, g, `set -e; set -- $(await disk n0 n1 o0 o1 n2)
c='--run --assume-clean --level=1 --raid-devices=2 --homehost=any'
modprobe raid1
mdadm -q --create /dev/md/new $c --metadata=1.0 --bitmap=internal --name=new --spare-devices=1 /dev/$1 /dev/$2 /dev/$5
mdadm -q --create /dev/md/old $c --metadata=0.90 /dev/$3 /dev/$4`)
	for _, array := range []string{"new", "old"} {
		inside(t, g, `set -e; md=$(readlink -f /dev/md/`+array+`)
printf 'label: gpt\nstart=2048,size=40960\nsize=65536\n' | sfdisk -q $md; mke2fs -q -t ext4 -L `+array+` ${md}p1`)
	}
	// Under another name: its unit would mount it before it has a file system.
	inside(t, g, `set -e; mkdir -p /run/lock/lvm /run/volume; modprobe dm_mod
l() { verb=$1; shift; lvm $verb --config 'activation { udev_sync=0 udev_rules=0 monitoring=0 } devices { obtain_device_list_from_udev=0 external_device_info_source="none" use_devicesfile=0 }' -qq "$@"; }
pv=$(readlink -f /dev/md/new)p2
l pvcreate $pv; l vgcreate made $pv; l lvcreate -Wn -y -L 12M -n srv made; mke2fs -q -t ext4 /dev/made/srv
mount -t ext4 /dev/made/srv /run/volume; echo volume > /run/volume/file; umount /run/volume; l vgchange -an made; l vgrename made vg0`)
	until(t, g, "the mounts", func(s *report.State) bool { return mounted(s, "/new", "/old") })
	inside(t, g, `for d in new old; do echo $d > /$d/file; done; sync`)
	off(t, g)

	before := map[string][sha256.Size]byte{}
	for id, path := range paths {
		before[id] = digest(t, path)
	}
	vm.Config.Disks = disks("n0", "o0", "via", "isw")
	g = startFor(t, vm.Config, 3*limit)
	t.Cleanup(func() {
		for name, u := range g.Report().State().Units {
			if t.Failed() && (strings.HasPrefix(name, "mount:") || strings.HasPrefix(name, "array:")) {
				t.Logf("%s %s %s", name, u.State, u.Message)
			}
		}
	})
	why := map[string]string{"/new": "which carries the superblock of an array", "/via": "VIA RAID", "/isw": "Matrix RAID", "/volume": ""}
	s := until(t, g, "the mounts", func(s *report.State) bool {
		for target := range why {
			if s.Units["mount:"+target].State != "late" {
				return false
			}
		}
		return mounted(s, "/old") && s.Units["array:old"].State == "degraded"
	})
	// What a late unit waits for is reported once, and may be no more by then than that there is no such disk.
	comes(t, g, "uinitctl status", func(got string) bool {
		words := strings.Join(strings.Fields(got), " ")
		return !slices.ContainsFunc(slices.Collect(maps.Values(why)), func(why string) bool { return !strings.Contains(words, why) })
	})
	if e := s.Units["array:old"]; !strings.Contains(e.Message, "slot 1 of 2 not in sync") {
		t.Errorf("half of a mirror says %+v", e)
	}
	if got, want := fmt.Sprint(s.Facts["disk.firmware_raid"].Value), regexp.MustCompile(`^\[Matrix RAID \(Intel\) \(isw_raid_member\): sd[a-d], serial isw VIA RAID \(via_raid_member\): sd[a-d], serial via\]$`); !want.MatchString(got) {
		t.Errorf("disk.firmware_raid is %s", got)
	}
	const mounts = `while read -r d at _; do [[ $at =~ ^/(new|old|volume|via|isw)$ ]] && echo $d $at; done </proc/mounts; cd /sys/class/block && printf '%s\n' sd*`
	console, err := g.Console("ttyS0")
	if err != nil {
		t.Fatal(err)
	}
	if err := console.Send("\r"); err != nil {
		t.Fatal(err)
	}
	if _, err := console.Expect(t.Context(), regexp.MustCompile(`! half of a VIA RAID: sd[a-d], serial via; it is not used by itself`)); err != nil {
		t.Errorf("the greeting: %v; the console shows:\n%s", err, console.Text())
	}
	// The half that firmware made keeps its partition, which a person may want to look at.
	if got, want := inside(t, g, mounts), regexp.MustCompile(`^/dev/md_old1 /old(\nsd[a-d]1?){5}$`); !want.MatchString(got) {
		t.Errorf("mounts and disks:\n%s", got)
	}
	for _, id := range []string{"n0", "via", "isw"} {
		if digest(t, paths[id]) != before[id] {
			t.Errorf("%s was written to by itself", id)
		}
	}

	plug(t, g, "n1", paths["n1"])
	hasFact(t, g, "array.new.state", "ok")
	until(t, g, "the mounts of the mirror", func(s *report.State) bool { return mounted(s, "/new", "/volume") })
	// Its array runs without it.
	plug(t, g, "o1", paths["o1"])
	disk := inside(t, g, `await bare o1`)
	// Together, or one after the other where somebody looked at one of them just then.
	saysLike(t, g, "", disk+"1(, "+disk+"2)?: not shown by itself, since "+disk+" is a member", disk+"2: not shown by itself, since "+disk+" is a member")
	stale := regexp.MustCompile(`^\[` + disk + ` \(slot 1, at [0-9:]+, serial o1\) of array old is not used: it is stale, \d+ events? behind, .*mdadm --zero-superblock /dev/` + disk + `" and then "mdadm /dev/md_old --add /dev/` + disk + `" fill it anew\]$`)
	mustDeclare(t, g, "array.unclaimed")
	until(t, g, "the word of a stale member", func(s *report.State) bool { return stale.MatchString(fmt.Sprint(s.Facts["array.unclaimed"].Value)) })
	saysLike(t, g, "", disk+` \(slot 1, at [0-9:]+, serial o1\) of array old is not used: it is stale`)
	if got := inside(t, g, `uinitctl array status`); !strings.Contains(got, "of array old is not used: it is stale") {
		t.Errorf("the status of a stale member:\n%s", got)
	}
	if got := inside(t, g, `cat /new/file /old/file /volume/file; `+mounts); !strings.HasPrefix(got, "new\nold\nvolume\n") || !strings.Contains(got, "/dev/md_new1 /new\n") || strings.Contains(got, disk+"1") || strings.Contains(got, disk+"2") {
		t.Errorf("afterwards:\n%s", got)
	}
	// A cable that was loose: the array goes on without the disk, and has a bitmap of what it missed.
	if _, err := g.QMP(t.Context(), "device_del", map[string]string{"id": "n1"}); err != nil {
		t.Fatal(err)
	}
	hasFact(t, g, "array.new.state", "degraded")
	inside(t, g, `echo more > /new/more; sync`)
	if _, err := g.QMP(t.Context(), "device_add", map[string]any{"driver": "scsi-hd", "bus": "bus-scsi.0", "drive": "node-n1", "id": "n1", "serial": "n1"}); err != nil {
		t.Fatal(err)
	}
	hasFact(t, g, "array.new.state", "ok")
	plug(t, g, "n2", paths["n2"])
	hasFact(t, g, "array.new.spare", 1.0)
	saysLike(t, g, "", `array new: sd[a-h] \(slot 1, at [0-9:]+, serial n1\) came late: mdadm /dev/md_new --re-add`, `array new: sd[a-h] \(spare, at [0-9:]+, serial n2\) came late: mdadm /dev/md_new --add`)
	if got := inside(t, g, `uinitctl array status`); strings.Contains(got, "of array new is not used") {
		t.Errorf("all that came late has joined:\n%s", got)
	}
	off(t, g)
	if one, other := content(t, paths["n0"]), content(t, paths["n1"]); one != other {
		t.Error("the copies differ")
	}
}

// content is the digest of what a member of a mirror holds before its superblock, and the bitmap that may lie there.
func content(t *testing.T, path string) [sha256.Size]byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return sha256.Sum256(b[:60<<20])
}

// viaHalf is a disk of a mirror that a VIA controller made: what lies on it begins at the first sector, and the last
// one is the controller's.
func viaHalf(t *testing.T, dir string) string {
	t.Helper()
	path := blank(t, dir, "via")
	if out, err := exec.Command("mkfs.ext4", "-q", "-L", "via", path, "60M").CombinedOutput(); err != nil {
		t.Fatalf("mkfs.ext4: %v: %s", err, out)
	}
	mark := make([]byte, 51)
	copy(mark, "\x55\xaa\x02\x01\x00\x01")
	for _, c := range mark[:50] {
		mark[50] += c
	}
	writeAt(t, path, mark, 64<<20-512)
	return path
}

// iswHalf is one that Intel's firmware made, with a partition.
func iswHalf(t *testing.T, dir string) string {
	t.Helper()
	path := blank(t, dir, "isw")
	table := exec.Command("sfdisk", "-q", path)
	table.Stdin = strings.NewReader("label: dos\nstart=2048,size=65536\n")
	if out, err := table.CombinedOutput(); err != nil {
		t.Fatalf("sfdisk: %v: %s", err, out)
	}
	part := filepath.Join(dir, "isw1")
	if err := os.WriteFile(part, make([]byte, 32<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("mkfs.ext4", "-q", "-L", "isw", part).CombinedOutput(); err != nil {
		t.Fatalf("mkfs.ext4: %v: %s", err, out)
	}
	b, err := os.ReadFile(part)
	if err != nil {
		t.Fatal(err)
	}
	writeAt(t, path, b, 1<<20)
	writeAt(t, path, []byte("Intel Raid ISM Cfg Sig. 1.1.00"), 64<<20-1024)
	return path
}

func writeAt(t *testing.T, path string, b []byte, at int64) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt(b, at); err != nil {
		t.Fatal(err)
	}
}
