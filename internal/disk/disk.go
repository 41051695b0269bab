// Package disk tells what a block device is, in the words by which a person finds it: disk, place, serial number, size.
package disk

import (
	"cmp"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/order"
)

// Device is a disk, a partition, an array, a volume.
type Device struct {
	// Name is the kernel's, in /sys/class/block.
	Name string
	// Bytes is its size.
	Bytes int64
	// Start is where a partition begins on its disk, in bytes; Disk is that disk's name, "" for what is no partition.
	Start int64
	Disk  string
	// Serial and Model are those of the disk, Address its place in the machine, such as 0:0:1:0. Each may be empty.
	Serial, Model, Address string
	// Under are the devices that an array or volume is made of.
	Under []Device
	// Partitions are those that the kernel knows on it.
	Partitions []Device
}

// Of reads about a device from the tree at /sys.
func Of(sys fs.FS, name string) (Device, error) {
	d := Device{Name: name, Bytes: 512 * Number(sys, name, "size")}
	if _, err := fs.Stat(sys, path.Join("class/block", name)); err != nil || name == "" || strings.ContainsAny(name, "/.") {
		return d, fmt.Errorf("there is no block device %s", name)
	}
	disk := name
	if Attribute(sys, name, "partition") != "" {
		target, err := fs.ReadLink(sys, path.Join("class/block", name))
		if err != nil {
			return d, fmt.Errorf("looking for the disk of %s: %w", name, err)
		}
		disk = path.Base(path.Dir(target)) // ../../devices/…/block/sda/sda1
		d.Disk, d.Start = disk, 512*Number(sys, name, "start")
	}
	d.Serial, d.Model, d.Address = Serial(sys, disk), printable(Attribute(sys, disk, "device/model")), Address(sys, disk)
	for _, slave := range children(sys, name, "slaves") {
		if under, err := Of(sys, slave); err == nil {
			d.Under = append(d.Under, under)
		}
	}
	for _, child := range children(sys, name, "") {
		if Attribute(sys, child, "partition") == "" || !strings.HasPrefix(child, name) {
			continue
		}
		if part, err := Of(sys, child); err == nil {
			d.Partitions = append(d.Partitions, part)
		}
	}
	order.By(d.Partitions, func(a, b Device) int { return cmp.Compare(a.Start, b.Start) })
	return d, nil
}

// At returns what lies at a path below /dev, which may be a link.
func At(sys fs.FS, file string) (Device, error) {
	var st unix.Stat_t
	if err := unix.Stat(file, &st); err != nil {
		return Device{}, &os.PathError{Op: "stat", Path: file, Err: err}
	}
	number := fmt.Sprintf("%d:%d", unix.Major(st.Rdev), unix.Minor(st.Rdev))
	target, err := fs.ReadLink(sys, path.Join("dev/block", number))
	if st.Mode&unix.S_IFMT != unix.S_IFBLK || err != nil {
		return Device{}, fmt.Errorf("%s is no block device", file)
	}
	return Of(sys, path.Base(target))
}

// File is the device's path.
func (d Device) File() string { return "/dev/" + strings.ReplaceAll(d.Name, "!", "/") }

// Word is what a person has to say to show that he means this device and no other: the disk's serial number, or where there is
// none, its place and size.
func (d Device) Word() string {
	if d.Serial != "" {
		return d.Serial
	}
	place := d.Address
	if place == "" {
		place = d.Name
	}
	return fmt.Sprintf("%s/%d", place, d.Bytes)
}

// String is "sda1 (931.5 GiB, at 0:0:0:0, serial WD-1234)", and of an array or volume what it lies on.
func (d Device) String() string {
	about := []string{Size(d.Bytes)}
	if d.Address != "" {
		about = append(about, "at "+d.Address)
	}
	if d.Serial != "" {
		about = append(about, "serial "+d.Serial)
	}
	if len(d.Under) > 0 {
		var under []string
		for _, u := range d.Under {
			under = append(under, u.String())
		}
		about = append(about, "on "+strings.Join(under, ", "))
	}
	return d.Name + " (" + strings.Join(about, ", ") + ")"
}

// Size is a number of bytes with a unit: "64 MiB", "931.5 GiB".
func Size(n int64) string {
	value, unit := float64(n), 0
	for ; value >= 1024 && unit < 5; unit++ {
		value /= 1024
	}
	return strings.TrimSuffix(strconv.FormatFloat(value, 'f', 1, 64), ".0") + " " + []string{"bytes", "KiB", "MiB", "GiB", "TiB", "PiB"}[unit]
}
