package flash

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/imgbuild/imgbuild/internal/holder"
)

// System is where the kernel tells of its disks: sysfs (/sys) and the files of a process
// in procfs (/proc), each as a tree.
type System struct {
	Sys, Proc fs.FS
}

// Inventory lists the machine's disks by name, partitions and what is built of disks
// (md, dm, zram) left out.
func (s System) Inventory() ([]Disk, error) {
	entries, err := fs.ReadDir(s.Sys, "block")
	if err != nil {
		return nil, fmt.Errorf("listing disks: %w", err)
	}
	t, err := holder.Read(s.Sys, s.Proc)
	if err != nil {
		return nil, err
	}
	var disks []Disk
	for _, e := range entries {
		if d := s.disk(e.Name(), t); d.Size > 0 {
			disks = append(disks, d)
		}
	}
	return slices.DeleteFunc(disks, func(d Disk) bool { return assembled(d.Name) }), nil
}

// assembled tells devices that are made of others, or of memory, by the names that
// drivers give them.
func assembled(name string) bool {
	for _, p := range []string{"dm-", "md", "zram", "ram", "bcache", "nbd", "drbd"} {
		if rest, ok := strings.CutPrefix(name, p); ok && (p == "md" || strings.Trim(rest, "0123456789") == "") {
			return true
		}
	}
	return false
}

// Find gives the disk with a device number, "8:0"; a partition's gives its disk and the
// partition's name.
func (s System) Find(number string) (d Disk, partition string, err error) {
	t, err := holder.Read(s.Sys, s.Proc)
	if err != nil {
		return Disk{}, "", err
	}
	entries, err := fs.ReadDir(s.Sys, "block")
	if err != nil {
		return Disk{}, "", fmt.Errorf("looking for block device %s: %w", number, err)
	}
	for _, e := range entries {
		d := s.disk(e.Name(), t)
		if d.Number == number {
			return d, "", nil
		}
		for _, p := range d.Parts {
			if s.text("block", d.Name, p, "dev") == number {
				return d, p, nil
			}
		}
	}
	return Disk{}, "", fmt.Errorf("looking for block device %s: %w", number, fs.ErrNotExist)
}

// disk reads what sysfs tells of one.
func (s System) disk(name string, t *holder.Table) Disk {
	sectors, _ := strconv.ParseInt(s.text("block", name, "size"), 10, 64)
	logical, _ := strconv.Atoi(s.text("block", name, "queue/logical_block_size"))
	const unit = 512 // of "size", whatever the disk's sectors are
	d := Disk{
		// A slash in a device's name is an exclamation mark in sysfs.
		Name: name, Path: "/dev/" + strings.ReplaceAll(name, "!", "/"), Number: s.text("block", name, "dev"),
		Size: sectors * unit, Sector: max(logical, unit),
		Vendor: s.text("block", name, "device/vendor"), Model: s.text("block", name, "device/model"),
		Serial: s.first(name, "device/serial", "serial"), Transport: s.transport(name),
		Removable: s.text("block", name, "removable") == "1", ReadOnly: s.text("block", name, "ro") == "1",
	}
	if strings.HasPrefix(d.Vendor, "0x") { // a number, of a maker of virtual hardware or of cards
		d.Vendor = ""
	}
	if d.Model == "" {
		d.Model = s.text("block", name, "device/name")
	}
	entries, _ := fs.ReadDir(s.Sys, path.Join("block", name))
	for _, e := range entries {
		if s.text("block", name, e.Name(), "partition") != "" {
			d.Parts = append(d.Parts, e.Name())
		}
	}
	d.held(t.Of(name))
	return d
}

// held notes who holds the disk.
func (d *Disk) held(by []holder.Holder) {
	d.Uses, d.System = holder.Words(by), slices.ContainsFunc(by, holder.Holder.System)
}

// Plain is a plain file in place of a disk.
func (s System) Plain(path string, size int64) (Disk, error) {
	d := Disk{Name: path, Path: path, Size: size, Sector: 512}
	by, err := holder.OfFile(s.Sys, s.Proc, path)
	d.held(by)
	return d, err
}

// transport reads off the path of the device how it is attached.
func (s System) transport(name string) string {
	target, err := fs.ReadLink(s.Sys, path.Join("block", name))
	if err != nil {
		return ""
	}
	switch {
	case strings.Contains(target, "/mmc_host/"):
		// What is soldered calls itself MMC; a laptop may run from it.
		return strings.ToLower(s.text("block", name, "device/type"))
	case strings.Contains(target, "/virtual/"):
		return strings.TrimRight(name, "0123456789")
	}
	for _, t := range []struct{ part, name string }{
		{"/usb", "usb"}, {"/nvme/", "nvme"}, {"/virtio", "virtio"}, {"/ata", "ata"}, {"/session", "iscsi"},
	} {
		if strings.Contains(target, t.part) {
			return t.name
		}
	}
	return ""
}

// text reads a file of sysfs; what is not there is empty.
func (s System) text(elem ...string) string {
	b, err := fs.ReadFile(s.Sys, path.Join(elem...))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(strings.Trim(string(b), "\x00\n"))
}

func (s System) first(name string, files ...string) string {
	for _, f := range files {
		if t := s.text("block", name, f); t != "" {
			return t
		}
	}
	return ""
}
