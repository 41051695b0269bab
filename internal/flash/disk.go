// Package flash writes disk images to disks: it finds the disks, refuses those that are
// in use, writes, reads back and compares, and can say at any time what state a disk is in.
package flash

import (
	"fmt"
	"path/filepath"
	"strings"
)

// Disk is a disk of this machine, or a plain file that stands for one.
type Disk struct {
	// Name is the kernel's: sda, mmcblk0.
	Name string
	// Path to open: /dev/sda.
	Path string
	// Vendor, Model and Serial as the disk tells them; any may be empty.
	Vendor, Model, Serial string
	// Number is major:minor; empty for a plain file.
	Number string
	// Size in bytes.
	Size int64
	// Sector is the logical block size in bytes.
	Sector int
	// Transport is how it is attached: usb, sd, mmc, nvme, ata, virtio, loop … or empty.
	Transport string
	// Removable is the kernel's word for a medium that can be taken out.
	Removable bool
	ReadOnly  bool
	// Parts are the names of its partitions.
	Parts []string
	// Uses are what keeps it from being written, as people say it: "sda1 is mounted
	// on /home".
	Uses []string
	// System says that the running system lives on it.
	System bool
}

// External tells whether the disk is of those that people carry about.
func (d Disk) External() bool {
	return d.Removable || d.Transport == "usb" || d.Transport == "sd"
}

// plain tells whether the disk stands in a file: a test's, or a virtual machine's.
func (d Disk) plain() bool { return d.Number == "" || d.Transport == "loop" }

// String is one line for a person: name, size, what it is.
func (d Disk) String() string {
	what := strings.Join(strings.Fields(d.Vendor+" "+d.Model), " ")
	if d.Serial != "" {
		what += " (serial " + d.Serial + ")"
	}
	if d.Transport != "" {
		what = d.Transport + " " + what
	}
	return strings.TrimRight(fmt.Sprintf("%-12s %9s  %s", d.Path, Bytes(d.Size), what), " ")
}

// Bytes renders a size as makers of disks count: 31.9 GB.
func Bytes(n int64) string {
	for _, u := range []struct {
		name string
		size float64
	}{{"TB", 1e12}, {"GB", 1e9}, {"MB", 1e6}, {"kB", 1e3}} {
		if float64(n) >= u.size {
			return fmt.Sprintf("%.1f %s", float64(n)/u.size, u.name)
		}
	}
	return fmt.Sprintf("%d B", n)
}

// Confirmation is what a person types to agree to the loss of the disk's content.
func (d Disk) Confirmation() string { return filepath.Base(d.Path) }
