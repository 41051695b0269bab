package md

import (
	"encoding/binary"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/internal/alone"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// machine is a tree like /sys over disks that are files. A partition begins with its disk's name and a slash.
func machine(t *testing.T, disks map[string]map[int64][]byte, sectors map[string]int64) *alone.Disks {
	t.Helper()
	sys, files := t.TempDir(), t.TempDir()
	for name, marks := range disks {
		short := filepath.Base(name)
		dir := filepath.Join(sys, "devices/block", name)
		f, err := os.Create(filepath.Join(files, short))
		if err != nil {
			t.Fatal(err)
		}
		for at, b := range marks {
			_, failed := f.WriteAt(b, at)
			err = errors.Join(err, failed)
		}
		ready := "bdi"
		if short == name {
			err = errors.Join(err, os.MkdirAll(filepath.Join(dir, "device"), 0o755))
		}
		if short != name {
			ready = "holders"
		}
		err = errors.Join(err, f.Truncate(sectors[name]*512), f.Close(), os.MkdirAll(filepath.Join(dir, ready), 0o755),
			os.WriteFile(filepath.Join(dir, "size"), []byte(strconv.FormatInt(sectors[name], 10)), 0o600), os.MkdirAll(filepath.Join(sys, "class/block"), 0o755),
			os.Symlink("../../devices/block/"+name, filepath.Join(sys, "class/block", short)))
		if short != name {
			err = errors.Join(err, os.WriteFile(filepath.Join(dir, "partition"), []byte("1"), 0o600))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return &alone.Disks{Sys: os.DirFS(sys), Open: func(name string) (alone.Device, error) { return os.Open(filepath.Join(files, name)) }}
}

// Whole disks and partitions are members where the superblock is theirs; what lies on a member is none, and of a
// firmware's disks nothing is.
func TestLook(t *testing.T) {
	const n, disk = 16384, 16384 - 128 // sectors, and where the superblock of version 0.90 lies on a disk
	old := func(level, slot int, used uint32) []byte {
		b := made{slot: slot, number: slot, events: 20, roles: []int{0, 1}, level: level, slots: 2, uuid: 7, version: "0.90"}.super()
		binary.LittleEndian.PutUint32(b[32:], used)
		binary.LittleEndian.PutUint32(b[4*38:], sum0(b))
		return b
	}
	table := func(first, sectors uint32) []byte {
		b := make([]byte, 512)
		copy(b[510:], "\x55\xaa")
		b[450] = 0xfd
		binary.LittleEndian.PutUint32(b[454:], first)
		binary.LittleEndian.PutUint32(b[458:], sectors)
		return b
	}
	front := made{slot: 0, number: 0, events: 20, roles: []int{0, 1}, level: 1, slots: 2, uuid: 9, name: "inner"}.super()
	intel := []byte("Intel Raid ISM Cfg Sig. 1.1.00")
	disks := map[string]map[int64][]byte{
		// A mirror of disks with a table in it, which lists a member of another array.
		"sda": {0: table(2048, 8192), disk * 512: old(1, 0, disk/2)}, "sda/sda1": {4096: front},
		// One of partitions up to their disk's end.
		"sdb": {0: table(2048, n-2048), disk * 512: old(1, 1, (disk-2048)/2)}, "sdb/sdb1": {(disk - 2048) * 512: old(1, 1, (disk-2048)/2)},
		// The first disk of a stripe, which the kernel shows as much of as there is of the partition in it.
		"sdd": {0: table(2048, 2*n-8192), disk * 512: old(0, 0, 0)}, "sdd/sdd1": {(disk - 2048) * 512: old(0, 0, 0)},
		// Half of a firmware's mirror, with a superblock at its start, and one in a partition.
		"sdc": {4096: front, (n - 2) * 512: intel}, "sdc/sdc1": {4096: front},
	}
	sectors := map[string]int64{"sda": n, "sda/sda1": 8192, "sdb": n, "sdb/sdb1": n - 2048, "sdc": n, "sdc/sdc1": 8192, "sdd": n, "sdd/sdd1": n - 2048}
	have, err := Look(machine(t, disks, sectors), nil)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range have.Members {
		got = append(got, m.Device+" "+m.Super.Version)
	}
	if want := []string{"sda 0.90", "sdb1 0.90", "sdd 0.90"}; !slices.Equal(got, want) {
		t.Errorf("members %q, want %q", got, want)
	}
	if why := have.Unreadable["sdc"]; len(have.Unreadable) != 1 || why == nil || !strings.Contains(why.Error(), "Matrix RAID (Intel)") {
		t.Errorf("unreadable: %v", slices.Collect(maps.Keys(have.Unreadable)))
	}
	// All members of an array that a row means by one of them, and of one that runs.
	want := Machine{Arrays: map[string]spec.Array{"data": {Match: spec.ArrayMatch{Members: []string{"/dev/sda"}}}}}
	have.Running = []Array{{Device: "md9", UUID: UUID{1}, Members: []string{"sdx", "sdy"}}}
	if got, want := Claimed(want, have), []string{"sdx", "sdy", "sda", "sdb1", "sdd"}; !slices.Equal(got, want) {
		t.Errorf("claimed %q, want %q", got, want)
	}
	if got := Claimed(Machine{}, State{Members: have.Members}); len(got) != 0 {
		t.Errorf("nobody means them, and they are claimed: %q", got)
	}
}

// Disks that the kernel shows partitions of are known by the partitions' names.
func TestParted(t *testing.T) {
	for name, want := range map[string]string{"sda1": "sda", "sdab12": "sdab", "nvme0n1p1": "nvme0n1", "mmcblk0p2": "mmcblk0", "cciss!c0d0p1": "cciss!c0d0", "md_data1": "md_data", "md127p1": "md127"} {
		if got := parted(name); got != want {
			t.Errorf("%s is of %s, want %s", name, got, want)
		}
	}
	disks := machine(t, map[string]map[int64][]byte{"sda": nil, "sda/sda1": nil, "sdb": nil}, map[string]int64{"sda": 4096, "sda/sda1": 2048, "sdb": 4096})
	if have, err := Look(disks, nil); err != nil || !have.Parted["sda"] || have.Parted["sdb"] {
		t.Errorf("%v, %v", have.Parted, err)
	}
}
