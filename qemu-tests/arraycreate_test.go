package qemu_tests

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/internal/boot"
	"github.com/imgbuild/imgbuild/internal/qemu"
	"github.com/imgbuild/imgbuild/internal/report"
)

// Arrays of several levels are made of blank disks at the first boot and are the same ones at the second; a
// disk that holds something is left alone; a spare takes the place of a failed disk by itself.
func TestArraysMade(t *testing.T) {
	t.Parallel()
	text := `
[kernel]
package = "linux-image-cloud-amd64"
drivers = ["virtio", "scsi"]
`
	levels := []string{"raid5", "raid10", "raid0"}
	if full() { // its parities take long under emulation
		levels = append(levels, "raid6")
	}
	disks := 0
	for _, level := range levels {
		var members []string
		for range map[string]int{"raid5": 3, "raid6": 4, "raid10": 2, "raid0": 2}[level] {
			members = append(members, fmt.Sprintf(`"serial=d%d"`, disks))
			disks++
		}
		text += fmt.Sprintf("[array.%s]\nlevel = %[1]q\ncreate = true\nmatch = { members = [%s] }\n", level, strings.Join(members, ", "))
	}
	text += fmt.Sprintf("[array.used]\nlevel = \"raid1\"\ncreate = true\nmatch = { members = [\"serial=d%d\", \"serial=d%d\"] }\n", disks, disks+1)
	text += "[image]\noverlays = [\"headless\", \"files\"]\n"
	a := extended(t, text, map[string]string{"files/usr/bin/await": string(compiled(t, "./await"))})
	vm, err := boot.Prepare(t.Context(), a.options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(vm.Close)
	dir := t.TempDir()
	for i := range disks + 3 { // two that are used, and one that nobody knows
		id := fmt.Sprintf("d%d", i)
		vm.Config.Disks = append(vm.Config.Disks, qemu.Disk{ID: id, Path: blank(t, dir, id), Bus: qemu.SCSI})
	}
	used, err := os.OpenFile(vm.Config.Disks[disks].Path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := used.WriteAt([]byte("somebody's"), 63<<20+100); err != nil {
		t.Fatal(err)
	}
	used.Close()
	whole := func(s *report.State) bool {
		for _, level := range levels {
			if s.Facts["array."+level+".state"].Value != "ok" || s.Facts["array."+level+".action"].Value == "recover" {
				return false
			}
		}
		return s.Units["array:used"].State == "failed"
	}
	g := startFor(t, vm.Config, 3*limit) // it computes parity, under emulation
	s := until(t, g, "the arrays", whole)
	if e := s.Units["array:used"]; !strings.Contains(e.Message, "is not blank") || !strings.Contains(e.Message, fmt.Sprintf("serial d%d", disks)) {
		t.Errorf("the used disk: %+v", e)
	}
	each := "for a in " + strings.Join(levels, " ")
	sums := each + `; do dd if=/dev/md/$a bs=65536 count=16 2>/dev/null | sha1sum; done`
	inside(t, g, each+`; do dd if=/dev/urandom of=/dev/md/$a bs=65536 count=16 2>/dev/null; done; sync`)
	want := inside(t, g, sums)
	spare := inside(t, g, fmt.Sprintf("await disk d%d", disks+2))
	inside(t, g, "mdadm -q /dev/md_raid5 --add /dev/"+spare+" && set -- /sys/block/md_raid5/slaves/* && mdadm -q /dev/md_raid5 --fail /dev/${1##*/}")
	until(t, g, "the spare", func(s *report.State) bool { return s.Facts["array.raid5.state"].Value == "rebuilding" })
	until(t, g, "the rebuild", whole)
	s = off(t, g)
	if places := order(s, "stop.file_systems", "stop.arrays"); places[0] < 0 || places[1] < places[0] {
		t.Errorf("file systems and arrays ended at places %v", places)
	}

	g = startFor(t, vm.Config, 2*limit)
	s = until(t, g, "the arrays again", whole)
	if e := s.Units["array:raid5"]; e.State != "ok" {
		t.Errorf("the array with a former spare: %+v", e)
	}
	if slices.ContainsFunc(s.Events, func(e report.Event) bool { return e.Name == "array.raid5.state" && e.Value != "ok" }) {
		t.Error("the array with a former spare was not started whole")
	}
	if got := inside(t, g, sums); got != want {
		t.Errorf("the sums are\n%s\nwere\n%s", got, want)
	}
	off(t, g)
}
