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
	// Device is a path, Label or UUID a file system's; None says that the source is no device.
	Device, Label, UUID string
	None                bool
}

// ParseSource reads a source as mount(8) does: /dev/sda1, LABEL=data, UUID=…; anything else is no device.
func ParseSource(source string) Wanted {
	if label, ok := strings.CutPrefix(source, "LABEL="); ok {
		return Wanted{Label: strings.Trim(label, `"`)}
	}
	if id, ok := strings.CutPrefix(source, "UUID="); ok {
		return Wanted{UUID: strings.ToLower(strings.Trim(id, `"`))}
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
	}
	return w.Device
}

// Find returns the device of what is wanted among those in /sys/class/block, or "" where there is
// none yet. Two that answer alike are an error: mounting the wrong one could cost data.
func Find(w Wanted, sys fs.FS, open func(name string) (*os.File, error)) (string, error) {
	if w.Device != "" {
		if _, err := os.Stat(w.Device); err != nil {
			return "", nil
		}
		return w.Device, nil
	}
	entries, err := fs.ReadDir(sys, "class/block")
	if err != nil {
		return "", nil // no block device has come up so far
	}
	var found []string
	for _, entry := range entries {
		size, _ := fs.ReadFile(sys, "class/block/"+entry.Name()+"/size")
		if s := strings.TrimSpace(string(size)); s == "" || s == "0" {
			continue // an empty drive, which would make noise when opened
		}
		if !ready(sys, entry.Name()) {
			continue
		}
		device := filepath.Join("/dev", strings.ReplaceAll(entry.Name(), "!", "/"))
		f, err := open(device)
		if err != nil {
			continue
		}
		id, ok := Probe(f)
		f.Close()
		if ok && (w.Label != "" && id.Label == w.Label || w.UUID != "" && id.UUID == w.UUID) {
			found = append(found, device)
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

// ready says that opening a disk or partition will find it. It shows up in /sys before that, and
// somebody who opens it then makes the kernel call modprobe for it, twice (block-major-254). The mark is
// what the kernel makes last, before the event that we wait for (device_add_disk in block/genhd.c,
// add_partition in block/partitions/core.c).
func ready(sys fs.FS, name string) bool {
	dir := path.Join("class/block", name)
	mark := "bdi"
	if _, err := fs.Stat(sys, path.Join(dir, "partition")); err == nil {
		mark = "holders"
	}
	_, err := fs.Stat(sys, path.Join(dir, mark))
	return err == nil
}
