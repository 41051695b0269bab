package mount

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// Wanted says what a source asks for.
type Wanted struct {
	// Device is a path, Label or UUID a file system's, PartLabel or PartUUID a partition's;
	// None says that the source is no device.
	Device, Label, UUID, PartLabel, PartUUID string
	None                                     bool
}

// ParseSource reads a source as mount(8) does: /dev/sda1, LABEL=data, UUID=…, PARTLABEL=state,
// PARTUUID=…, array:NAME and lvm:GROUP/VOLUME; anything else is no device.
func ParseSource(source string) Wanted {
	tag, value, _ := strings.Cut(source, "=")
	value = strings.Trim(value, `"`)
	switch tag {
	case "LABEL":
		return Wanted{Label: value}
	case "UUID":
		return Wanted{UUID: strings.ToLower(value)}
	case "PARTLABEL":
		return Wanted{PartLabel: value}
	case "PARTUUID":
		return Wanted{PartUUID: strings.ToLower(value)}
	}
	if name, ok := strings.CutPrefix(source, "array:"); ok {
		return Wanted{Device: "/dev/md/" + name}
	}
	if volume, ok := strings.CutPrefix(source, "lvm:"); ok {
		return Wanted{Device: "/dev/" + volume}
	}
	if strings.HasPrefix(source, "/dev/") {
		return Wanted{Device: source}
	}
	return Wanted{None: true}
}

// String is the wanted in a sentence.
func (w Wanted) String() string {
	switch {
	case w.Label != "":
		return "a file system labelled " + w.Label
	case w.UUID != "":
		return "a file system with UUID " + w.UUID
	case w.PartLabel != "":
		return "a partition labelled " + w.PartLabel
	case w.PartUUID != "":
		return "a partition with UUID " + w.PartUUID
	}
	return w.Device
}

// Find returns the device of what is wanted among those in /sys/class/block, or "" where there is
// none yet. Two that answer alike are an error: mounting the wrong one could cost data.
func Find(w Wanted, sys fs.FS, open func(name string) (*os.File, error)) (string, error) {
	if w.Device != "" {
		return named(w.Device, sys), nil
	}
	entries, err := fs.ReadDir(sys, "class/block")
	if err != nil {
		return "", nil // no block device has come up so far
	}
	var found []string
	for _, entry := range entries {
		if sectors(sys, entry.Name()) == 0 {
			continue // an empty drive, which would make noise when opened
		}
		if ready(sys, entry.Name()) {
			found = append(found, w.on(entry.Name(), sys, open)...)
		}
	}
	switch len(found) {
	case 0:
		return "", nil
	case 1:
		return found[0], nil
	}
	return "", fmt.Errorf("looking for %s: %s answer alike", w, strings.Join(found, " and "))
}

// named is a device that is wanted by its path, or "" as long as it is not there or cannot be read
// yet: whether it belongs to an array is asked next, and must not be asked too early.
func named(device string, sys fs.FS) string {
	real, err := filepath.EvalSymlinks(device)
	if err != nil {
		return ""
	}
	name := strings.ReplaceAll(strings.TrimPrefix(real, "/dev/"), "/", "!")
	if _, err := fs.Stat(sys, path.Join("class/block", name)); err == nil && (sectors(sys, name) == 0 || !ready(sys, name)) {
		return ""
	}
	return device
}

// on lists the devices that answer to what is wanted: a disk or partition of a name in
// /sys/class/block itself, or the partitions of a disk.
func (w Wanted) on(name string, sys fs.FS, open func(name string) (*os.File, error)) []string {
	device := device(name)
	if w.PartLabel != "" && partLabel(sys, name) != w.PartLabel || w.PartUUID != "" && isPartition(sys, name) {
		return nil // of UUIDs the disk tells
	}
	f, err := open(device)
	if err != nil {
		return nil
	}
	defer f.Close()
	if w.PartUUID != "" {
		if device = partition(sys, name, partNumber(f, sectors(sys, name), w.PartUUID)); device == "" {
			return nil
		}
		part, err := open(device)
		if err != nil {
			return nil
		}
		defer part.Close()
		f = part
	}
	if memberOfArray(f) {
		return nil
	}
	id, ok := Probe(f)
	if w.PartLabel != "" || w.PartUUID != "" || ok && (w.Label != "" && id.Label == w.Label || w.UUID != "" && id.UUID == w.UUID) {
		return []string{device}
	}
	return nil
}

// device is where the device of a name in /sys/class/block lies.
func device(name string) string { return filepath.Join("/dev", strings.ReplaceAll(name, "!", "/")) }

// ready says that opening a disk or partition will find it. It shows up in /sys before that, and
// somebody who opens it then makes the kernel call modprobe for it, twice (block-major-254). The mark is
// what the kernel makes last, before the event that we wait for (device_add_disk in block/genhd.c,
// add_partition in block/partitions/core.c).
func ready(sys fs.FS, name string) bool {
	dir := path.Join("class/block", name)
	mark := "bdi"
	if isPartition(sys, name) {
		mark = "holders"
	}
	_, err := fs.Stat(sys, path.Join(dir, mark))
	return err == nil
}
