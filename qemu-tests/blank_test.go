package qemu_tests

import (
	"crypto/sha256"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	blankness "github.com/imgbuild/imgbuild/internal/blank"
	"github.com/imgbuild/imgbuild/internal/boot"
	"github.com/imgbuild/imgbuild/internal/qemu"
	"github.com/imgbuild/imgbuild/internal/report"
)

// takers is a box with all that makes something of a blank disk.
const takers = `
[kernel]
package = "linux-image-cloud-amd64"
drivers = ["virtio", "scsi"]
modules = ["ext4"]
[image]
overlays = ["headless", "files"]
[array.data]
level  = "raid1"
create = true
match  = { members = ["serial=d0", "serial=d1"] }
[array.used]
level  = "raid1"
create = true
match  = { members = ["serial=d2", "serial=d3"] }
[array.noise]
level  = "raid1"
create = true
match  = { members = ["serial=n0", "serial=n1"] }
[mount."/noise"]
source  = "array:noise"
type    = "ext4"
create  = true
fsck    = "preen"
nofail  = true
[mount."/srv"]
source = "/dev/vda"
type   = "ext4"
create = true
nofail = true
`

// withoutEnds is a disk with an ext4 that has lost its first and its last MiB, and nothing else: "e2fsck -b 32768" brings
// every file back.
func withoutEnds(t *testing.T, dir, name string) string {
	t.Helper()
	const size, lost = 160 << 20, 1 << 20
	path := blank(t, dir, name)
	if err := os.Truncate(path, size); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("/sbin/mke2fs", "-q", "-F", "-t", "ext4", "-b", "4096", "-L", "data", path).CombinedOutput(); err != nil {
		t.Fatalf("mke2fs: %v: %s", err, out)
	}
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, at := range []int64{0, size - lost} {
		if _, err := f.WriteAt(make([]byte, lost), at); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

// noisy is a disk full of somebody's bytes.
func noisy(t *testing.T, dir, name string, seed byte) string {
	t.Helper()
	path := blank(t, dir, name)
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := io.CopyN(f, rand.NewChaCha8([32]byte{5, seed}), 64<<20); err != nil {
		t.Fatal(err)
	}
	return path
}

// isBlank demands that a disk is one that is taken.
func isBlank(t *testing.T, path string) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := blankness.Check(t.Context(), f, diskBytes(t, path)); err != nil {
		t.Errorf("%s was erased: %v", path, err)
	}
}

// Disks whose data can be had back are taken by nobody, nor are those that are full of somebody's bytes: no mount, no array, no
// replacement. Erased by a person who says which one is meant, they are.
func TestDisksAreNotTaken(t *testing.T) {
	t.Parallel()
	a := extended(t, takers, map[string]string{"files/usr/bin/await": string(compiled(t, "./await"))})
	vm, err := boot.Prepare(t.Context(), a.options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(vm.Close)
	dir, before := t.TempDir(), map[string][sha256.Size]byte{}
	vm.Config.Disks = append(vm.Config.Disks, qemu.Disk{ID: "m0", Path: withoutEnds(t, dir, "m0")})
	for _, id := range []string{"d0", "d1", "d2", "d3", "d4"} {
		d := qemu.Disk{ID: id, Path: blank(t, dir, id), Bus: qemu.SCSI}
		if id == "d3" || id == "d4" {
			d.Path = withoutEnds(t, dir, id)
		}
		vm.Config.Disks = append(vm.Config.Disks, d)
	}
	used := map[string]string{"m0": dir + "/m0", "d3": dir + "/d3", "d4": dir + "/d4"}
	for i, id := range []string{"n0", "n1"} {
		used[id] = noisy(t, dir, id, byte(i))
		vm.Config.Disks = append(vm.Config.Disks, qemu.Disk{ID: id, Path: used[id], Bus: qemu.SCSI})
	}
	for id, path := range used {
		before[id] = digest(t, path)
	}
	const found = `is not blank: it holds ext4 backup superblock "data" at byte 134217728`
	refused := func(what, text, id string) {
		t.Helper()
		if !strings.Contains(text, found) || !regexp.MustCompile(`160 MiB, .*serial `+id+`\).*uinitctl disk erase /dev/[sv]d[a-z] `+id).MatchString(text) {
			t.Errorf("%s says %q", what, text)
		}
	}

	g := start(t, vm.Config)
	until(t, g, "the console", func(s *report.State) bool { return s.Units["console:ttyS0"].State == "ok" })
	s := until(t, g, "the outcomes", func(s *report.State) bool {
		return s.Facts["array.data.state"].Value == "ok" && s.Units["array:used"].State == "failed" && s.Units["array:noise"].State == "failed" &&
			s.Units["mount:/srv"].State == "failed" && isBooted(s)
	})
	if e := s.Units["array:noise"]; e.State != "failed" || !strings.Contains(e.Message, "serial n0) is not blank") {
		t.Errorf("the array of noise: %+v", e)
	}
	if e := s.Units["mount:/noise"]; e.State == "ok" {
		t.Errorf("the mount of noise: %+v", e)
	}
	refused("the array", s.Units["array:used"].Message, "d3")
	refused("the mount", s.Units["mount:/srv"].Message, "m0")
	refused("the replacement", inside(t, g, `uinitctl array replace data $(await disk d1 d4) 2>&1 && exit 1; exit 0`), "d4")
	for id, path := range used {
		if digest(t, path) != before[id] {
			t.Errorf("%s is another one than before", id)
		}
	}

	list := inside(t, g, `uinitctl disk`)
	for _, want := range []string{`(?m)^sd[a-z] +64 MiB  d0 .* linux_raid_member ".*data"; sd[a-z] is a member of the md array md_data`, `(?m)^vda +160 MiB  m0 `, `(?m)^md_data +\d+ MiB `} {
		if !regexp.MustCompile(want).MatchString(list) {
			t.Errorf("the list is\n%s\nwithout %s", list, want)
		}
	}
	inside(t, g, `for words in "vda d4" "$(await disk d0) d0" vda "vdx m0"; do uinitctl disk erase $words && exit 1; done; exit 0`)
	if digest(t, used["m0"]) != before["m0"] {
		t.Error("a disk was erased that nobody meant")
	}
	inside(t, g, `set -e; uinitctl disk erase vda m0; uinitctl disk erase /dev/$(await disk d3) d3; d=$(await disk d4); uinitctl disk erase $d d4; uinitctl array replace data $(await disk d1) $d`)
	saysLike(t, g, "", `array data: making sd[a-z] \(160 MiB, at [0-9:]+, serial d4\) a member`,
		`disk vda \(160 MiB, .*serial m0\): blank: zeros written over [0-9.]+ [KM]iB`)
	for _, id := range []string{"m0", "d3"} {
		isBlank(t, used[id])
	}
	off(t, g)
	for _, id := range []string{"n0", "n1"} {
		if digest(t, used[id]) != before[id] {
			t.Errorf("%s, which is full of noise, is another one than before", id)
		}
	}
	if !full() {
		return // who makes something of blank disks, TestArraysMade and TestMounts show
	}

	g = start(t, vm.Config)
	until(t, g, "what was refused", func(s *report.State) bool {
		return s.Facts["array.used.state"].Value == "ok" && s.Units["mount:/srv"].State == "ok"
	})
	saysLike(t, g, "", `array used: making it of sd[a-z] \(160 MiB, at [0-9:]+, serial d3\)`,
		`mount /srv: making an ext4 file system on vda \(160 MiB, .*serial m0\)`)
	off(t, g)
}
