package qemu_tests

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/internal/boot"
	"github.com/imgbuild/imgbuild/internal/qemu"
	"github.com/imgbuild/imgbuild/internal/report"
)

const killRuns = 20

// The power fails again and again, while files are written, while a mirror is rebuilt, and in the middle of
// replacing a disk. Every file that was synced is there at the next boot, and in the end the mirror is whole.
func TestPowerFails(t *testing.T) {
	long(t)
	a := extended(t, `
[kernel]
package = "linux-image-cloud-amd64"
drivers = ["virtio", "scsi"]
[array.data]
level  = "raid1"
create = true
match  = { members = ["serial=d0", "serial=d1"] }
start_degraded_after = "2s"
[mount."/srv"]
source  = "array:data"
type    = "ext4"
create  = true
fsck    = "preen"
`, map[string]string{})
	vm, err := boot.Prepare(t.Context(), a.options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(vm.Close)
	dir := t.TempDir()
	for _, id := range []string{"d0", "d1"} {
		vm.Config.Disks = append(vm.Config.Disks, qemu.Disk{ID: id, Path: blank(t, dir, id), Bus: qemu.SCSI})
	}
	// The one whose serial number is d1, by whatever name; it is failed and put back as a blank one.
	const replace = `echo 3000 > /proc/sys/dev/raid/speed_limit_max; for f in /sys/block/sd?/device/vpd_pg80; do [[ $(<$f) == *d1* ]] && d=${f#/sys/block/} && d=${d%%/*}; done
(mdadm -q /dev/md_data --fail /dev/$d; sleep 0.2; mdadm -q /dev/md_data --remove /dev/$d; dd if=/dev/zero of=/dev/$d bs=1048576 count=64; uinitctl array replace data $d $d) > /run/replace 2>&1 &`
	synced, halves := 0, 0
	moments := rand.New(rand.NewPCG(1, 20))
	for run := range killRuns {
		g := startFor(t, vm.Config, 2*time.Minute)
		state := mountedAgain(t, g, synced)
		if !slices.Contains([]any{"ok", "degraded", "rebuilding"}, state) {
			t.Errorf("run %d: the array is %v", run, state)
		}
		if state != "ok" {
			halves++
		}
		if run%2 == 1 {
			inside(t, g, replace)
			until(t, g, "the loss of a disk", func(s *report.State) bool { return s.Facts["array.data.state"].Value != "ok" })
		}
		for end := time.Now().Add(time.Duration(moments.IntN(5000)) * time.Millisecond); time.Now().Before(end); {
			inside(t, g, fmt.Sprintf("for ((j=0; j<4000; j++)); do echo %[1]d; done > /srv/f%[1]d; sync", synced+1))
			synced++
		}
		// In the middle of one more, of which nobody said that it is there.
		go func() {
			_, _ = g.Request(t.Context(), report.Request{Command: []string{"/bin/bash", "-c", "for ((j=0; j<40000; j++)); do echo x; done > /srv/last; sync"}})
		}()
		time.Sleep(time.Duration(moments.IntN(500)) * time.Millisecond)
		g.Kill()
		t.Logf("run %d: array %v, %d files", run, state, synced)
	}
	if halves == 0 {
		t.Error("no boot found the array in the middle of a replacement")
	}
	g := startFor(t, vm.Config, 2*time.Minute)
	if state := mountedAgain(t, g, synced); state != "ok" {
		inside(t, g, replace)
		inside(t, g, `for i in {1..60}; do grep -q ' ok: ' /run/replace && exit; sleep 0.5; done; cat /run/replace; exit 1`)
	}
	hasFact(t, g, "array.data.state", "ok")
	inside(t, g, `echo 200000 > /proc/sys/dev/raid/speed_limit_max; uinitctl array check data | grep 'all copies agree'`)
	off(t, g)
}

// mountedAgain waits for the files and holds each against what was written. It returns how the array is.
func mountedAgain(t *testing.T, g *qemu.Guest, synced int) any {
	t.Helper()
	s := until(t, g, "the mount", func(s *report.State) bool {
		return s.Units["mount:/srv"].State == "ok" && s.Facts["array.data.state"].Value != nil
	})
	wrong := inside(t, g, fmt.Sprintf(`for ((i=1; i<=%d; i++)); do [ "$(grep -c "^$i$" /srv/f$i)" = 4000 ] || echo $i; done`, synced))
	if wrong != "" {
		t.Fatalf("files that are not what was synced: %q", wrong)
	}
	return s.Facts["array.data.state"].Value
}
