package holder

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Table is who held what when it was read.
type Table struct {
	sys fs.FS
	// mounts are mount points by the number of what is mounted ("8:1") and by its path: btrfs has numbers
	// of its own.
	mounts map[string][]mounted
	// swaps are paths of devices and files.
	swaps []string
	// loops are loop devices with the files behind them, by name.
	loops []backed
	// shares hold what no tree of sysfs tells; neither does it of the files that processes have open.
	shares []user
	proc   fs.FS
	opened []opened
}

// mounted is where something is mounted.
type mounted struct {
	where string
	reads bool // the file system as a whole is read-only
}

// backed is a loop device.
type backed struct{ device, file string }

// user holds a device by number, or a file by path.
type user struct {
	number, file string
	Holder
}

// Read reads everything: sysfs (at /sys) and procfs (at /proc), each as a tree. What the caller itself has open
// does not count.
func Read(sys, proc fs.FS) (*Table, error) {
	t := &Table{sys: sys, proc: proc, mounts: map[string][]mounted{}}
	if err := errors.Join(t.readMounts(proc), t.readSwaps(proc)); err != nil {
		return nil, fmt.Errorf("reading what is mounted: %w", err)
	}
	t.readBtrfs()
	t.readLoops()
	t.readShares()
	t.readProcesses()
	return t, nil
}

// Of tells who holds a device: a path below /dev, or a name as in /sys/class/block. Of a disk that is also who
// holds one of its partitions, of a partition who holds the whole disk, and of a loop device who else uses its file.
func Of(sys, proc fs.FS, device string) ([]Holder, error) {
	t, err := Read(sys, proc)
	if err != nil {
		return nil, err
	}
	return t.Of(t.name(device)), nil
}

// OfFile tells who holds a plain file.
func OfFile(sys, proc fs.FS, file string) ([]Holder, error) {
	t, err := Read(sys, proc)
	if err != nil {
		return nil, err
	}
	return t.OfFile(file), nil
}

// name is the kernel's name of a device: LVM and people make nodes and links of other names.
func (t *Table) name(device string) string {
	if info, err := os.Stat(device); err == nil && strings.HasPrefix(device, "/") {
		if name := t.Device(info); name != "" {
			return name
		}
	}
	return strings.ReplaceAll(strings.TrimPrefix(device, "/dev/"), "/", "!")
}

// Device is the kernel's name of an opened or found block device; "" where it is none.
func (t *Table) Device(info fs.FileInfo) string {
	number := numberOf(info)
	if number == "" {
		return ""
	}
	entries, _ := fs.ReadDir(t.sys, "block")
	for _, e := range entries {
		if t.text("block", e.Name(), "dev") == number {
			return e.Name()
		}
		for _, p := range t.parts(e.Name()) {
			if t.text("block", e.Name(), p, "dev") == number {
				return p
			}
		}
	}
	return ""
}

// numberOf is MAJOR:MINOR of a block device; "" of anything else.
func numberOf(info fs.FileInfo) string {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok || info.Mode()&fs.ModeDevice == 0 || info.Mode()&fs.ModeCharDevice != 0 {
		return ""
	}
	return fmt.Sprintf("%d:%d", unix.Major(st.Rdev), unix.Minor(st.Rdev))
}

// parts are the names of a disk's partitions.
func (t *Table) parts(disk string) (parts []string) {
	entries, _ := fs.ReadDir(t.sys, path.Join("block", disk))
	for _, e := range entries {
		if t.text("block", disk, e.Name(), "partition") != "" {
			parts = append(parts, e.Name())
		}
	}
	return parts
}

// disk is the disk that a partition lies on; "" of anything else.
func (t *Table) disk(partition string) string {
	if _, err := fs.Stat(t.sys, path.Join("block", partition)); err == nil {
		return ""
	}
	entries, _ := fs.ReadDir(t.sys, "block")
	for _, e := range entries {
		if t.text("block", e.Name(), partition, "partition") != "" {
			return e.Name()
		}
	}
	return ""
}

// text reads a file of sysfs; what is not there is empty.
func (t *Table) text(elem ...string) string {
	b, _ := fs.ReadFile(t.sys, path.Join(elem...))
	return strings.TrimSpace(strings.Trim(string(b), "\x00\n"))
}

// node is where a device of a kernel's name lies: a slash in it is an exclamation mark in sysfs.
func node(name string) string { return filepath.Join("/dev", strings.ReplaceAll(name, "!", "/")) }
