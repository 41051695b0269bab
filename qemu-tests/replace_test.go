package qemu_tests

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/internal/boot"
	"github.com/imgbuild/imgbuild/internal/qemu"
	"github.com/imgbuild/imgbuild/internal/report"
)

// mirrored is a box with a mirror that it makes itself, of partitions that it has to wait for.
const mirrored = `
[kernel]
package = "linux-image-cloud-amd64"
drivers = ["virtio", "scsi"]
modules = ["ext4"]
[image]
overlays = ["headless", "files"]
[packages.e2fsprogs]
files = ["/sbin/mke2fs"]
[array.data]
level  = "raid1"
create = true
match  = { members = ["serial=d0,partlabel=data", "serial=d1,partlabel=data"] }
start_degraded_after = "5s"
[mount."/srv"]
source = "array:data"
type   = "ext4"
nofail = true
[mount."/bare"]
source = "/dev/sda1"
type   = "ext4"
nofail = true
`

// mirrorBox prepares the box with the two disks.
func mirrorBox(t *testing.T) *boot.Machine {
	t.Helper()
	a := extended(t, mirrored, map[string]string{"files/usr/bin/await": string(compiled(t, "./await"))})
	vm, err := boot.Prepare(t.Context(), a.options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(vm.Close)
	dir := t.TempDir()
	for _, id := range []string{"d0", "d1"} {
		vm.Config.Disks = append(vm.Config.Disks, qemu.Disk{ID: id, Path: blank(t, dir, id), Bus: qemu.SCSI})
	}
	return vm
}

func blank(t *testing.T, dir, name string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 64<<20); err != nil {
		t.Fatal(err)
	}
	return path
}

// partitionAll gives both disks a partition in a table of some label.
func partitionAll(label string) string {
	row := "start=2048"
	if label == "gpt" {
		row += ", name=data"
	}
	return `set -e; for d in $(await disk d0 d1); do printf 'label: ` + label + `\n` + row + `\n' | sfdisk -q /dev/$d; done`
}

// hasFact waits until a fact has a value.
func hasFact(t *testing.T, g *qemu.Guest, name string, want any) report.State {
	t.Helper()
	mustDeclare(t, g, name)
	return until(t, g, fmt.Sprintf("%s = %v", name, want), func(s *report.State) bool { return s.Facts[name].Value == want })
}

// A disk of a mirror is pulled under load; that is known at once, on the console as well; a new one takes
// its place, across a reboot in the middle, and the data is what it was.
func TestDiskReplaced(t *testing.T) {
	t.Parallel()
	vm := mirrorBox(t)
	dir := t.TempDir()
	g := startFor(t, vm.Config, 2*limit) // it fills a disk in the background all the while
	until(t, g, "the console", func(s *report.State) bool { return s.Units["console:ttyS0"].State == "ok" })
	inside(t, g, partitionAll("gpt"))
	hasFact(t, g, "array.data.state", "ok")
	until(t, g, "the end of the look at an array without a file system", func(s *report.State) bool { return s.Units["mount:/srv"].State == "failed" })
	inside(t, g, `mke2fs -q -t ext4 -F /dev/md/data && mount -t ext4 /dev/md/data /srv && dd if=/dev/urandom of=/srv/data bs=1048576 count=8 2>/dev/null && sync`)
	sum := inside(t, g, `sha1sum /srv/data`)
	inside(t, g, `(while :; do dd if=/dev/zero of=/srv/load bs=65536 count=4 2>/dev/null; sync; done) >/dev/null 2>&1 &`)

	old := inside(t, g, `await disk d1`) + "1"
	if _, err := g.QMP(t.Context(), "device_del", map[string]string{"id": "d1"}); err != nil {
		t.Fatal(err)
	}
	s := hasFact(t, g, "array.data.state", "degraded")
	if e := s.Units["array:data"]; e.State == "degraded" && !strings.Contains(e.Message, "slot 1 of 2") {
		t.Errorf("the unit says %+v", e)
	}
	until(t, g, "the unit", func(s *report.State) bool { return s.Units["array:data"].State == "degraded" })
	if got := inside(t, g, `uinitctl array status; uinitctl status | grep array:data; exit 0`); !strings.Contains(got, "data raid1 /dev/md_data degraded: slot 1 of 2 not in sync") || !strings.Contains(got, "degraded") {
		t.Errorf("status: %s", got)
	}
	saysLike(t, g, "", `array data: sd[ab]1 \(slot 1, at [0-9:]+, serial d1\) was pulled`)

	plug(t, g, "d2", blank(t, dir, "d2"))
	disk := inside(t, g, `await disk d2`)
	inside(t, g, `echo 200 > /proc/sys/dev/raid/speed_limit_max; echo 100 > /proc/sys/dev/raid/speed_limit_min`)
	inside(t, g, `(uinitctl array replace data `+old+` `+disk+` > /run/replace 2>&1; echo ended >> /run/replace) >/dev/null 2>&1 &`)
	comes(t, g, `cat /run/replace`, func(said string) bool {
		if strings.Contains(said, "ended") { // at this pace it takes minutes
			t.Fatalf("nothing was replaced: %s", said)
		}
		return strings.Contains(said, "data rebuilding ") && strings.Contains(said, " KiB/s")
	})
	until(t, g, "the rebuild", func(s *report.State) bool {
		p, _ := s.Facts["array.data.percent"].Value.(float64)
		return s.Facts["array.data.state"].Value == "rebuilding" && p > 0
	})
	inside(t, g, `sync`)
	g.Kill()

	// The power came back; the new disk is where the old one was.
	vm.Config.Disks[len(vm.Config.Disks)-1] = qemu.Disk{ID: "d2", Path: filepath.Join(dir, "d2"), Bus: qemu.SCSI}
	g = start(t, vm.Config)
	until(t, g, "the mount", func(s *report.State) bool { return s.Units["mount:/srv"].State == "ok" })
	hasFact(t, g, "array.data.state", "ok")
	// A partition that ends where its array does shows the same file system.
	until(t, g, "the bare member's outcome", func(s *report.State) bool {
		return strings.Contains(s.Units["mount:/bare"].Message, "/dev/sda1 carries the superblock of an array")
	})
	inside(t, g, `! grep -q ' /bare ' /proc/mounts`)
	if got := inside(t, g, `sha1sum /srv/data`); got != sum {
		t.Errorf("the file's sum is %s, was %s", got, sum)
	}
	if got := inside(t, g, `uinitctl array check data && uinitctl array status`); !strings.Contains(got, "all copies agree") || !strings.Contains(got, "serial d2") {
		t.Errorf("afterwards: %s", got)
	}
	off(t, g)
}

// plug gives a running guest a SCSI disk.
func plug(t *testing.T, g *qemu.Guest, id, path string) {
	t.Helper()
	for _, c := range []struct {
		name string
		args any
	}{
		{"blockdev-add", map[string]any{"driver": "raw", "node-name": "node-" + id, "file": map[string]any{"driver": "file", "filename": path}}},
		{"device_add", map[string]any{"driver": "scsi-hd", "bus": "bus-scsi.0", "drive": "node-" + id, "id": id, "serial": id}},
	} {
		if _, err := g.QMP(t.Context(), c.name, c.args); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
	}
}
