package mount

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/imgbuild/imgbuild/internal/alone"
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

// missing is what is said while it is not there.
func (w Wanted) missing() string { return "no " + strings.TrimPrefix(w.String(), "a ") }

// Devices are where a source is looked for.
type Devices struct {
	// Sys is the tree at /sys.
	Sys fs.FS
	// Open opens a device by its path, for reading.
	Open func(device string) (*os.File, error)
	// Seen is what was read of devices; without it each look reads all.
	Seen *alone.Memo[Seen]
	// Alone returns why a device may not be used by itself; nil: it may.
	Alone func(device string) error
}

// Find returns the device of what is wanted among those in /sys/class/block, or "" where there is
// none yet. Two that answer alike are an error: mounting the wrong one could cost data; but those of one btrfs are one answer. Those that answer and may not be used
// by themselves are left out; passed tells why.
func (d Devices) Find(w Wanted) (device string, passed, err error) {
	if w.Device != "" {
		return named(w.Device, d.Sys), nil, nil
	}
	entries, err := fs.ReadDir(d.Sys, "class/block")
	if err != nil {
		return "", nil, nil // no block device has come up so far
	}
	var found []string
	for _, entry := range entries {
		if alone.Sectors(d.Sys, entry.Name()) == 0 {
			continue // an empty drive, which would make noise when opened
		}
		if !alone.Ready(d.Sys, entry.Name()) || alone.Held(d.Sys, entry.Name()) {
			continue
		}
		for _, device := range d.on(w, entry.Name()) {
			if failed := d.Alone(device); failed != nil {
				passed = errors.Join(passed, failed)
				continue
			}
			found = append(found, device)
		}
	}
	switch len(found) {
	case 0:
		return "", passed, nil
	case 1:
		return found[0], nil, nil
	}
	if first := d.together(found); first != "" {
		return first, nil, nil
	}
	return "", nil, fmt.Errorf("looking for %s: %s answer alike", w, strings.Join(found, " and "))
}

// named is a device that is wanted by its path, or "" as long as it is not there or cannot be read
// yet: whether it belongs to an array is asked next, and must not be asked too early.
func named(device string, sys fs.FS) string {
	real, err := filepath.EvalSymlinks(device)
	if err != nil {
		return ""
	}
	name := strings.ReplaceAll(strings.TrimPrefix(real, "/dev/"), "/", "!")
	if _, err := fs.Stat(sys, path.Join("class/block", name)); err == nil && (alone.Sectors(sys, name) == 0 || !alone.Ready(sys, name)) {
		return ""
	}
	return device
}

// on lists the devices that answer to what is wanted: a disk or partition of a name in
// /sys/class/block itself, or the partitions of a disk.
func (d Devices) on(w Wanted, name string) []string {
	device := device(name)
	switch {
	case w.PartLabel != "":
		if partLabel(d.Sys, name) != w.PartLabel {
			return nil
		}
		return []string{device}
	case w.PartUUID != "" && alone.IsPartition(d.Sys, name):
		return nil // of UUIDs the disk tells
	}
	if w.PartUUID != "" {
		f, err := d.Open(device)
		if err != nil {
			return nil
		}
		defer f.Close()
		if device = partition(d.Sys, name, partNumber(f, alone.Sectors(d.Sys, name), w.PartUUID)); device == "" {
			return nil
		}
		return []string{device}
	}
	if id := d.see(device).id; w.Label != "" && id.Label == w.Label || w.UUID != "" && id.UUID == w.UUID {
		return []string{device}
	}
	return nil
}

// device is where the device of a name in /sys/class/block lies.
func device(name string) string { return filepath.Join("/dev", strings.ReplaceAll(name, "!", "/")) }
