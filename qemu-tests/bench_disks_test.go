package qemu_tests

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/internal/bench"
	"github.com/imgbuild/imgbuild/internal/boot"
	"github.com/imgbuild/imgbuild/internal/qemu"
	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/internal/shelftest"
)

// startsAlone has the arrays started with all disks there and nothing else at work, the worker of uinit neither: first by what the kernel
// wants to be told and no more, then by mdadm. It prints both times in microseconds. The worker is stopped once it has no array open any
// more, for the kernel clears none that somebody has.
const startsAlone = `shopt -s nullglob; declare -A of
for d in /sys/block/md_*; do for m in $d/md/dev-*/block/dev; do of[${d##*/}]+=" $(<$m)"; done; done
clear() { while a=(/sys/block/md_*/md/array_state); ((${#a[@]})); do for f in ${a[@]}; do echo clear > $f; done 2>/dev/null; done; }
clear; kill -STOP $PPID; trap 'kill -CONT $PPID' EXIT; b=$EPOCHREALTIME
for a in ${!of[@]}; do
  echo $a > /sys/module/md_mod/parameters/new_array; cd /sys/block/$a/md; echo 1.2 > metadata_version
  for m in ${of[$a]}; do echo $m > new_dev; done; echo active > array_state
done
e=$EPOCHREALTIME; cd /; bare=$((${e/.} - ${b/.}))
clear; b=$EPOCHREALTIME; mdadm --assemble --scan --config=partitions >/dev/null 2>&1; e=$EPOCHREALTIME
[ $(grep -c ' active ' /proc/mdstat) = ${#of[@]} ] && echo $bare $((${e/.} - ${b/.}))`

// TestBenchShelf boots with many disks: the last array runs soon after the last disk has come up. Beside it stands what the kernel takes
// to start the same arrays with all disks there, and what mdadm takes. The last disks make most arrays whole, so no more than a part of
// the kernel's time could pass before they are there, and on one processor that part would hold up the disks: last disk and bare start
// together, as a ratio, are about as good as it gets. The guest's clock counts its instructions: by the host's the emulator's own way with
// 88 disks is a part of every figure.
func TestBenchShelf(t *testing.T) {
	b := benchmark(t)
	var profile strings.Builder
	profile.WriteString(`
[kernel]
package = "linux-image-cloud-amd64"
drivers = ["virtio", "scsi"]
[image]
overlays = ["headless", "files"]
[run]
memory = "1G"
`)
	for row := range shelftest.Arrays {
		fmt.Fprintf(&profile, "[array.%s]\nlevel = \"raid1\"\nforeign = \"accept\"\nstart_degraded_after = \"10m\"\n", shelftest.Name(row))
	}
	a := extended(t, profile.String(), map[string]string{"files/usr/bin/await": string(compiled(t, "./await"))})
	vm, err := boot.Prepare(t.Context(), a.options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(vm.Close)
	vm.Config.Extra = []string{"-icount", "shift=2,sleep=off"} // 4 ns for each instruction, and none while it waits
	dir := t.TempDir()
	for i := range shelftest.Disks {
		path := blank(t, dir, fmt.Sprintf("d%02d", i))
		writeAt(t, path, shelftest.Superblock(i), shelftest.At)
		vm.Config.Disks = append(vm.Config.Disks, qemu.Disk{ID: filepath.Base(path), Path: path, Bus: qemu.SCSI})
	}
	var ratios, beside, floors, arrays, disks, alone, theirs []float64
	for range 3 {
		g := startFor(t, vm.Config, 10*time.Minute)
		s := until(t, g, "all arrays", func(s *report.State) bool {
			for row := range shelftest.Arrays {
				if s.Units["array:"+shelftest.Name(row)].State != "ok" {
					return false
				}
			}
			return true
		})
		started := 0.0
		for row := range shelftest.Arrays {
			started = max(started, s.Units["array:"+shelftest.Name(row)].Uptime)
		}
		up, err := strconv.ParseFloat(inside(t, g, `await said "Attached SCSI disk"`), 64)
		if err != nil {
			t.Fatal(err)
		}
		var bare, mdadm float64
		if _, err := fmt.Sscan(inside(t, g, startsAlone), &bare, &mdadm); err != nil {
			t.Fatal(err)
		}
		arrays, disks, alone, theirs = append(arrays, started), append(disks, up), append(alone, bare/1e6), append(theirs, mdadm/1e6)
		ratios, beside, floors = append(ratios, started/up), append(beside, (started-up)/mdadm*1e6), append(floors, (up+bare/1e6)/up)
		g.Kill()
	}
	name := fmt.Sprintf("%d arrays of %d disks", shelftest.Arrays, shelftest.Disks)
	note := fmt.Sprintf("%.1f s, disks %.1f s after the kernel's start; mdadm --assemble --scan %.1f s", bench.Median(arrays), bench.Median(disks), bench.Median(theirs))
	b.add(bench.Figure{Name: name + ", since the last disk", Value: bench.Median(beside), Bound: 1.5, Unit: "of mdadm --assemble --scan", Note: note})
	note = fmt.Sprintf("%.2f where the kernel starts them once all disks are there, by itself in %.1f s", bench.Median(floors), bench.Median(alone))
	b.add(bench.Figure{Name: name + ", since the start", Value: bench.Median(ratios), Bound: 1.5, Unit: "of the time until the last disk", Note: note})
}
