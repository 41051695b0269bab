package qemu_tests

import (
	"regexp"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/internal/boot"
	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/qemu"
	"github.com/imgbuild/imgbuild/internal/report"
)

// The profile holds what it promises to its owner.
func TestNAS(t *testing.T) {
	t.Parallel()
	shipped(t, "nas").prove(t)
}

// So it does from media, where the kernel line cannot be added to: what lets tests give commands is in the profile.
func TestNASFromMedia(t *testing.T) {
	t.Parallel()
	long(t)
	box := built(t, written(t, `
extends = "nas"
[kernel]
cmdline = ["console=tty0", "console=ttyS0,115200n8", "panic=-1", "no_timer_check", "cryptomgr.notests", "uinit.test"]
[run]
timeout = "5m"
`, map[string]string{}))
	for _, w := range []way{{firmware: qemu.BIOS, medium: profile.FormatDisk, bus: qemu.USB}, {firmware: qemu.UEFI, medium: profile.FormatISO}} {
		t.Run(w.String(), func(t *testing.T) { box.from(w).prove(t) })
	}
}

// halves is a box with a mirror of partitions in tables of the old kind, known by their places.
const halves = `
[kernel]
package = "linux-image-cloud-amd64"
drivers = ["virtio", "scsi"]
[image]
overlays = ["headless", "files"]
[array.data]
level  = "raid1"
create = true
match  = { members = ["/dev/sda1", "/dev/sdb1"] }
start_degraded_after = "15s"
[mount."/srv"]
source = "array:data"
type   = "ext4"
create = true
fsck   = "preen"
timeout = "60s"
`

// halved prepares the box, lets it make its mirror of two disks and write a file, and ends it.
func halved(t *testing.T) (*boot.Machine, map[string]qemu.Disk) {
	t.Helper()
	a := extended(t, halves, map[string]string{"files/usr/bin/await": string(compiled(t, "./await"))})
	vm, err := boot.Prepare(t.Context(), a.options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(vm.Close)
	dir, disks := t.TempDir(), map[string]qemu.Disk{}
	for _, id := range []string{"d0", "d1"} {
		disks[id] = qemu.Disk{ID: id, Path: blank(t, dir, id), Bus: qemu.SCSI}
	}
	vm.Config.Disks = []qemu.Disk{disks["d0"], disks["d1"]}
	g := start(t, vm.Config)
	until(t, g, "the console", func(s *report.State) bool { return s.Units["console:ttyS0"].State == "ok" })
	inside(t, g, partitionAll("dos"))
	until(t, g, "the mount", isMounted)
	inside(t, g, "echo first > /srv/file")
	off(t, g)
	return vm, disks
}

func isMounted(s *report.State) bool { return s.Units["mount:/srv"].State == "ok" }

// A box comes up with half of its mirror: nobody waits at the prompt for the other half, and nobody who comes by
// later misses that it is not there. A blank disk gets the old partition table and the other one's content. TestLegsAreLeftAlone has
// half of a mirror, too, and TestDiskReplaced a new disk.
func TestDegradedBoot(t *testing.T) {
	t.Parallel()
	long(t)
	vm, disks := halved(t)
	vm.Config.Disks = []qemu.Disk{disks["d0"]}
	g := start(t, vm.Config)
	console, err := g.Console("ttyS0")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := console.Expect(t.Context(), regexp.MustCompile(`login: $`)); err != nil {
		t.Fatal(err)
	}
	if device := g.Report().State().Facts["array.data.device"].Value; device != nil {
		t.Errorf("the prompt came after %v had been started", device)
	}
	if _, err := console.Expect(t.Context(), regexp.MustCompile(`! array:data degraded: slot [01] of 2 not in sync`)); err != nil {
		t.Fatal(err)
	}
	s := until(t, g, "the mount", isMounted)
	prompt, array := unitAt(t, s, "console:ttyS0", "ok").Uptime, unitAt(t, s, "array:data", "degraded").Uptime
	if array <= prompt {
		t.Errorf("the prompt came at %.1f s, the array at %.1f s", prompt, array)
	}
	if got := inside(t, g, "cat /srv/file"); got != "first" {
		t.Errorf("the file holds %q", got)
	}

	plug(t, g, "d2", blank(t, t.TempDir(), "d2"))
	said := inside(t, g, `d=$(await disk d2) && uinitctl array replace data sdb $d && sfdisk --dump /dev/$d`)
	for _, want := range []string{" has the partitions of sda", "data ok: ", "label: dos", "start=        2048"} {
		if !strings.Contains(said, want) {
			t.Errorf("replacing says\n%s\nwithout %q", said, want)
		}
	}
	hasFact(t, g, "array.data.state", "ok")
	off(t, g)
}

// Each half of a mirror ran without the other. Nothing is started any more, nothing is mounted, and
// what a person needs to decide stands above the prompt.
func TestSplitBrain(t *testing.T) {
	t.Parallel()
	long(t)
	vm, disks := halved(t)
	for _, id := range []string{"d0", "d1"} {
		vm.Config.Disks = []qemu.Disk{disks[id]}
		g := start(t, vm.Config)
		until(t, g, "half of it", isMounted)
		inside(t, g, "echo "+id+" > /srv/file")
		off(t, g)
	}
	vm.Config.Disks = []qemu.Disk{disks["d0"], disks["d1"]}
	g := start(t, vm.Config)
	s := until(t, g, "the refusal", func(s *report.State) bool { return s.Facts["array.data.state"].Value == "refused" && s.Boot != nil })
	// Which disk came up first when the mirror was made is chance.
	for _, member := range []string{`sd[ab]1 \(slot [01], at [0-9:]+, serial d0\)`, `sd[ab]1 \(slot [01], at [0-9:]+, serial d1\)`} {
		if e := s.Units["array:data"]; e.State != "failed" || !regexp.MustCompile(`^split brain: .*`+member).MatchString(e.Message) {
			t.Errorf("the array says %+v, without %s", e, member)
		}
	}
	console, err := g.Console("ttyS0")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := console.Expect(t.Context(), regexp.MustCompile(`! array:data failed: split brain[\s\S]*login: $`)); err != nil {
		t.Error(err)
	}
	inside(t, g, `! grep -q ' /srv |^md' /proc/mounts /proc/mdstat`)
	off(t, g)
}
