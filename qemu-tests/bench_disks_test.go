package qemu_tests

import (
	"encoding/binary"
	"fmt"
	"math"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/internal/bench"
	"github.com/imgbuild/imgbuild/internal/boot"
	"github.com/imgbuild/imgbuild/internal/qemu"
	"github.com/imgbuild/imgbuild/internal/report"
)

// Shelves full of disks: 29 mirrors of three, and one disk that is none of theirs.
const (
	shelfArrays = 29
	shelfDisks  = 3*shelfArrays + 1
)

// TestBenchShelf boots with many disks: the last array runs soon after the last disk has come up. Most of what that takes is the
// kernel's own starting of arrays, and so it stands beside what mdadm takes for the same ones with all disks there.
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
	for row := range shelfArrays {
		fmt.Fprintf(&profile, "[array.a%d]\nlevel = \"raid1\"\nforeign = \"accept\"\nstart_degraded_after = \"10m\"\n", row)
	}
	a := extended(t, profile.String(), map[string]string{"files/usr/bin/await": string(compiled(t, "./await"))})
	vm, err := boot.Prepare(t.Context(), a.options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(vm.Close)
	dir := t.TempDir()
	for i := range shelfDisks {
		path := blank(t, dir, fmt.Sprintf("d%02d", i))
		if i < 3*shelfArrays { // the disks of an array do not stand side by side
			writeAt(t, path, mirrorSuperblock(i%shelfArrays, i/shelfArrays), 4096)
		}
		vm.Config.Disks = append(vm.Config.Disks, qemu.Disk{ID: filepath.Base(path), Path: path, Bus: qemu.SCSI})
	}
	var ratios, beside, arrays, disks, theirs []float64
	for range 3 {
		g := startFor(t, vm.Config, 10*time.Minute)
		s := until(t, g, "all arrays", func(s *report.State) bool {
			for row := range shelfArrays {
				if s.Units[fmt.Sprintf("array:a%d", row)].State != "ok" {
					return false
				}
			}
			return true
		})
		started := 0.0
		for row := range shelfArrays {
			started = max(started, s.Units[fmt.Sprintf("array:a%d", row)].Uptime)
		}
		up, err := strconv.ParseFloat(inside(t, g, `await said "Attached SCSI disk"`), 64)
		if err != nil {
			t.Fatal(err)
		}
		took, err := strconv.ParseFloat(inside(t, g, `shopt -s nullglob; while a=(/sys/block/md_*/md/array_state); ((${#a[@]})); do for f in ${a[@]}; do echo clear > $f; done 2>/dev/null; done; b=$EPOCHREALTIME; mdadm --assemble --scan --config=partitions >/dev/null 2>&1; e=$EPOCHREALTIME; [ $(grep -c ' active ' /proc/mdstat) = 29 ] && echo $((${e/.} - ${b/.}))`), 64)
		if err != nil {
			t.Fatal(err)
		}
		arrays, disks, theirs = append(arrays, started), append(disks, up), append(theirs, took/1e6)
		ratios, beside = append(ratios, started/up), append(beside, (started-up)/took*1e6)
		g.Kill()
	}
	note := fmt.Sprintf("%.1f s, disks %.1f s after the kernel's start; mdadm --assemble --scan %.1f s", bench.Median(arrays), bench.Median(disks), bench.Median(theirs))
	b.add(bench.Figure{Name: fmt.Sprintf("%d arrays of %d disks, since the last disk", shelfArrays, shelfDisks), Value: bench.Median(beside), Bound: 1.5, Unit: "of mdadm --assemble --scan", Note: note})
	b.add(bench.Figure{Name: fmt.Sprintf("%d arrays of %d disks, since the start", shelfArrays, shelfDisks), Value: bench.Median(ratios), Unit: "of the time until the last disk", Note: note})
}

// mirrorSuperblock is that of a member of a mirror of three, as mdadm writes it (struct mdp_superblock_1 in md_p.h).
func mirrorSuperblock(array, slot int) []byte {
	const sectors, data = 40960, 2048
	b, le := make([]byte, 4096), binary.LittleEndian
	b[16], b[17] = 1, byte(array)
	b[168], b[169], b[170] = 1, byte(array), byte(slot) // the device's UUID
	copy(b[32:64], fmt.Sprintf("any:a%d", array))
	for at, v := range map[int]uint32{0: 0xa92b4efc, 4: 1, 72: 1, 92: 3, 160: uint32(slot), 220: 3} {
		le.PutUint32(b[at:], v)
	}
	for at, v := range map[int]uint64{80: sectors, 128: data, 136: sectors, 144: 8, 200: 20, 208: math.MaxUint64} {
		le.PutUint64(b[at:], v)
	}
	le.PutUint16(b[258:], 1)
	le.PutUint16(b[260:], 2)
	sum := uint64(le.Uint16(b[260:]))
	for at := 0; at < 260; at += 4 {
		sum += uint64(le.Uint32(b[at:]))
	}
	le.PutUint32(b[216:], uint32(sum)+uint32(sum>>32))
	return b
}
