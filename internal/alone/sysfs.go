package alone

import (
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/internal/disk"
)

// Never says that no array is made of such a device, and that opening it makes noise or takes time.
func Never(name string) bool {
	return slices.Contains([]string{"ram", "zram", "sr", "fd"}, strings.TrimRight(name, "0123456789"))
}

// Sectors of 512 bytes that a device has; 0 where it has no medium, or is none.
func Sectors(sys fs.FS, name string) int64 {
	return disk.Number(sys, name, "size")
}

// IsPartition says that a device is one of a disk.
func IsPartition(sys fs.FS, name string) bool {
	_, err := fs.Stat(sys, path.Join("class/block", name, "partition"))
	return err == nil
}

// hardware says that a device is a disk that one can touch, a virtual machine's among them.
func hardware(sys fs.FS, name string) bool {
	_, err := fs.Stat(sys, path.Join("class/block", name, "device"))
	return err == nil && !IsPartition(sys, name)
}

// Disk is the disk that a partition lies on, out of where its link leads: ../../devices/…/block/sda/sda1. A disk is
// its own.
func Disk(sys fs.FS, name string) string {
	if !IsPartition(sys, name) {
		return name
	}
	target, err := fs.ReadLink(sys, path.Join("class/block", name))
	if err != nil {
		return ""
	}
	return path.Base(path.Dir(target))
}

// Partitions are those that the kernel has of a disk, by name.
func Partitions(sys fs.FS, name string) (names []string) {
	entries, _ := fs.ReadDir(sys, path.Join("class/block", name))
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), name) { // of the dozens of files there are
			continue
		}
		if disk.Attribute(sys, path.Join(name, e.Name()), "partition") != "" {
			names = append(names, e.Name())
		}
	}
	return names
}

// MadeOf are the devices that one lies on: the disk of a partition, those below a mapped device, the one that a loop device
// stands for. What an array is made of is its driver's business.
func MadeOf(sys fs.FS, name string) (below []string) {
	if IsPartition(sys, name) {
		if whole := Disk(sys, name); whole != "" {
			below = append(below, whole)
		}
		return below
	}
	// The kernel calls them loop0 and dm-0.
	if strings.HasPrefix(name, "loop") {
		if file, ok := strings.CutPrefix(disk.Attribute(sys, name, "loop/backing_file"), "/dev/"); ok {
			below = append(below, strings.ReplaceAll(file, "/", "!"))
		}
	}
	if strings.HasPrefix(name, "dm-") {
		slaves, _ := fs.ReadDir(sys, path.Join("class/block", name, "slaves"))
		for _, s := range slaves {
			below = append(below, s.Name())
		}
	}
	return below
}

// holder is the array that runs with a device; "" where none does.
func holder(sys fs.FS, name string) string {
	holders, _ := fs.ReadDir(sys, path.Join("class/block", name, "holders"))
	for _, h := range holders {
		if disk.Attribute(sys, h.Name(), "md/level") != "" || disk.Attribute(sys, h.Name(), "md/array_state") != "" {
			return h.Name()
		}
	}
	return ""
}

// Held says that something is made of a device, or of the disk that it lies on: an array, a mapped device. The kernel lets
// nobody else mount it.
func Held(sys fs.FS, name string) bool {
	for _, at := range []string{name, Disk(sys, name)} {
		if holders, _ := fs.ReadDir(sys, path.Join("class/block", at, "holders")); at != "" && len(holders) > 0 {
			return true
		}
	}
	return false
}

// slashes gives a name in /sys its form in /dev.
func slashes(name string) string { return strings.ReplaceAll(name, "!", "/") }

// Ready says that opening a disk or partition will find it. It shows up in /sys before that, and
// somebody who opens it then makes the kernel call modprobe for it, twice (block-major-254). The mark is
// what the kernel makes last, before the event that we wait for (device_add_disk in block/genhd.c,
// add_partition in block/partitions/core.c).
func Ready(sys fs.FS, name string) bool {
	mark := "bdi"
	if IsPartition(sys, name) {
		mark = "holders"
	}
	_, err := fs.Stat(sys, path.Join("class/block", name, mark))
	return err == nil
}
